import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { MqttConnection } from '../../mqtt/connection/connection.ts'
import type { BrokerPorts, Out, Outbound } from '../../mqtt/connection/ports.ts'
import { closeCodeOf } from './close-codes.ts'
import type { ConnectionTable } from './connection-table.ts'

/** What of a socket survives hibernation. */
export interface Attachment {
  /** Of the client, for the count of unknown tokens. */
  readonly address: string
  /** Known from the CONNACK on. */
  readonly device?: DeviceIdentity
  /** When the registry was last asked for the device's rights. */
  readonly checkedAt?: number
  /** When a silent client is cut off; before its CONNECT a fixed time after the opening. */
  readonly due?: number
  /** The connection's state; null: it is too large, and stands in the table. */
  readonly state?: string | null
}

export interface SocketHost {
  readonly table: ConnectionTable
  ports(of: BrokerSocket): BrokerPorts
  /** The object's alarm must ring by then. */
  arm(at: number): void
  /** Resolves a little later, for all who ask meanwhile: a timer a socket costs more than its messages (measured). */
  quiet(): Promise<void>
}

/** One client: its connection, awake, and what is kept of it while the object sleeps. */
export class BrokerSocket {
  /** Names the object and the connection in it, and is never used again. */
  readonly id: string
  readonly socket: WebSocket
  readonly #host: SocketHost
  readonly #connection: MqttConnection
  #attachment: Attachment
  #settling: Promise<void> | undefined
  #isTableUsed: boolean

  constructor(id: string, socket: WebSocket, host: SocketHost, now: number) {
    this.id = id
    this.socket = socket
    this.#host = host
    this.#attachment = attachmentOf(socket)
    const { state, due = now + limits.mqttConnectMs } = this.#attachment
    this.#isTableUsed = state === null
    const text = state === null ? host.table.kept(id) : state
    const ports = host.ports(this)
    const out = outOf(socket)
    this.#connection =
      text === undefined
        ? new MqttConnection(ports, out, due - limits.mqttConnectMs)
        : MqttConnection.restore({ text, isSmall: !this.#isTableUsed }, ports, out)
  }

  get client() {
    return this.#connection.client
  }

  get isOpen(): boolean {
    return this.#connection.isOpen
  }

  get unanswered(): number {
    return this.#connection.isOpen ? this.#connection.unanswered : 0
  }

  get due(): number | undefined {
    return this.#connection.deadline()
  }

  get address(): string {
    return this.#attachment.address
  }

  get identity(): Pick<Attachment, 'device' | 'checkedAt'> {
    return this.#attachment
  }

  identify(device: DeviceIdentity, checkedAt: number): void {
    this.#attachment = { ...this.#attachment, device, checkedAt }
  }

  recheck(): void {
    this.#attachment = { ...this.#attachment, checkedAt: 0 }
  }

  /**
   * Undefined: an earlier message's event waits until all is settled, and one is enough. Each event that stays open
   * costs a third of what the message does (measured).
   */
  receive(bytes: Uint8Array, now: number): Promise<void> | undefined {
    const isWaitedFor = this.#settling !== undefined
    this.#connection.receive(bytes, now)
    const settled = this.settled()
    return isWaitedFor ? undefined : settled
  }

  deliver(messages: readonly Outbound[]): Promise<void> {
    this.#connection.deliver(messages)
    return this.settled()
  }

  kick(reasonCode: number, detail: string): Promise<void> {
    this.#connection.kick(reasonCode, detail)
    return this.settled()
  }

  tick(now: number): Promise<void> {
    this.#connection.tick(now)
    return this.settled()
  }

  lost(): Promise<void> {
    return this.#connection.lost()
  }

  /** Resolves when all that came is handled and kept, once for a burst: until then the object does not hibernate. */
  settled(): Promise<void> {
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined
    })
    return this.#settling
  }

  async #settle(): Promise<void> {
    do {
      await this.#connection.idle()
      await this.#host.quiet()
    } while (!this.#connection.isIdle)
    if (this.isOpen) this.#keep()
  }

  #keep(): void {
    const { text, isSmall } = this.#connection.snapshot()
    const { due: _, ...rest } = this.#attachment
    const { due } = this
    const timed = { ...rest, ...(due !== undefined && { due }) }
    const isInTable = !isSmall || !this.#attach({ ...timed, state: text })
    if (isInTable) this.#attach({ ...timed, state: null })
    if (isInTable || this.#isTableUsed) this.#host.table.keep(this.id, isInTable ? text : null)
    this.#isTableUsed = isInTable
    if (due !== undefined) this.#host.arm(due)
  }

  /** False: it has no room there. */
  #attach(attachment: Attachment): boolean {
    try {
      this.socket.serializeAttachment(attachment)
      this.#attachment = attachment
      return true
    } catch {
      return false
    }
  }
}

export function attachmentOf(socket: WebSocket): Attachment {
  return socket.deserializeAttachment() as Attachment
}

function outOf(socket: WebSocket): Out {
  return {
    send: (bytes) => socket.send(bytes),
    close: (fault) => {
      const { code, reason } = closeCodeOf(fault)
      socket.close(code, reason)
    },
  }
}
