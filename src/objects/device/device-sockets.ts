import { closeCodes } from '../../device-socket/close-codes.ts'
import type { ServerFrame } from '../../device-socket/frames.ts'
import type { SessionPorts } from '../../device-socket/ports.ts'
import { DeviceSession } from '../../device-socket/session.ts'
import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import type { Downlink } from '../../services/ports.ts'

const deviceTag = 'device'

/** What of a socket survives hibernation. */
interface Attachment {
  /** This connection's name, among all that the device ever had. */
  readonly way: string
  readonly device: DeviceIdentity
  /** When the registry was last asked for the device's rights. */
  readonly checkedAt: number
}

export interface SocketHost {
  ports(speaker: () => Promise<DeviceIdentity>): SessionPorts
  /** The device as it is now; undefined: gone. */
  lookUp(device: DeviceIdentity): Promise<DeviceIdentity | undefined>
}

/** The device's own sockets, hibernating. */
export class DeviceSockets {
  readonly #ctx: DurableObjectState
  readonly #host: SocketHost
  readonly #sessions = new WeakMap<WebSocket, DeviceSession>()
  #rechecks = 0

  constructor(ctx: DurableObjectState, host: SocketHost) {
    this.#ctx = ctx
    this.#host = host
  }

  /** Open ones, oldest first. */
  #open(): WebSocket[] {
    return this.#ctx.getWebSockets(deviceTag).filter(({ readyState }) => readyState === WebSocket.OPEN)
  }

  ways(): string[] {
    return this.#open().map((socket) => attachmentOf(socket).way)
  }

  accept(device: DeviceIdentity, way: string, now: number): WebSocket {
    const open = this.#open()
    for (const socket of open.slice(0, Math.max(0, open.length + 1 - limits.socketsPerDevice))) {
      close(socket, closeCodes.replaced)
    }
    const { 0: client, 1: server } = new WebSocketPair()
    this.#ctx.acceptWebSocket(server, [deviceTag])
    server.serializeAttachment({ way, device, checkedAt: now } satisfies Attachment)
    return client
  }

  /**
   * Resolves when all that came by this socket is answered: until then the object does not hibernate. What still
   * comes by one that was closed here (its token was rotated) is nobody's word.
   */
  async received(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (socket.readyState !== WebSocket.OPEN) return
    let session = this.#sessions.get(socket)
    if (!session) {
      session = new DeviceSession(
        this.#host.ports(() => this.#speaker(socket)),
        {
          send: (frame) => socket.send(JSON.stringify(frame)),
          close: (code, reason) => socket.close(code, reason),
        },
      )
      this.#sessions.set(socket, session)
    }
    session.receive(message)
    await session.idle()
  }

  wayOf(socket: WebSocket): string {
    return attachmentOf(socket).way
  }

  /** A command goes to the newest socket that takes it, an attribute to all of them. The way it went by, if any. */
  tell(messages: readonly Downlink[], childDeviceId?: string): string | undefined {
    const newestFirst = this.#open().reverse()
    let way: string | undefined
    for (const message of messages) {
      const text = JSON.stringify(toFrame(message, childDeviceId))
      const takes = (socket: WebSocket) => trySend(socket, text)
      const taker = message.kind === 'command' ? newestFirst.find(takes) : newestFirst.filter(takes)[0]
      if (taker) way ??= attachmentOf(taker).way
    }
    return way
  }

  /** The next frame of each socket asks the registry again. */
  recheck(): void {
    this.#rechecks++
    for (const socket of this.#open()) socket.serializeAttachment({ ...attachmentOf(socket), checkedAt: 0 })
  }

  closeAll(): void {
    for (const socket of this.#open()) {
      this.#sessions.get(socket)?.end()
      close(socket, closeCodes.unauthenticated)
    }
  }

  async #speaker(socket: WebSocket): Promise<DeviceIdentity> {
    for (;;) {
      const attachment = attachmentOf(socket)
      const now = Date.now()
      if (now - attachment.checkedAt < limits.identityRecheckMs) return attachment.device
      const rechecks = this.#rechecks
      const device = await this.#host.lookUp(attachment.device)
      if (!device) throw new AppError('unauthenticated', { detail: 'This device is gone, or may not speak any more.' })
      if (rechecks !== this.#rechecks) continue // what was read may be older than the change
      socket.serializeAttachment({ ...attachment, device, checkedAt: now } satisfies Attachment)
      return device
    }
  }
}

/** By its attachment: one that both ends close at once has no tags any more (measured). */
export function isDeviceSocket(socket: WebSocket): boolean {
  return 'way' in attachmentOf(socket)
}

function attachmentOf(socket: WebSocket): Attachment {
  return socket.deserializeAttachment() as Attachment
}

function close(socket: WebSocket, { code, reason }: { readonly code: number; readonly reason: string }): void {
  socket.close(code, reason)
}

/** False: it went away in this moment, and says so by its own close handler. */
function trySend(socket: WebSocket, text: string): boolean {
  try {
    socket.send(text)
    return true
  } catch {
    return false
  }
}

function toFrame(message: Downlink, childDeviceId: string | undefined): ServerFrame {
  const child = childDeviceId === undefined ? {} : { childDeviceId }
  if (message.kind === 'attribute') {
    const { key, value } = message
    return { type: 'attribute_update', key, value, ...(value === null && { deleted: true }), ...child }
  }
  const { requestId, method, params, attempt } = message.request
  return { type: 'rpc_request', requestId, method, params, ...(attempt > 0 && { attempt }), ...child }
}
