import type { Context } from 'hono'
import { closeCodes } from '../device-socket/close-codes.ts'
import { readFirstFrame } from '../device-socket/first-frame.ts'
import type { ServerFrame } from '../device-socket/frames.ts'
import { type AppError, fromFault, isPassing } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { toAppError } from '../services/to-app-error.ts'
import type { AppEnv } from './app-env.ts'
import { deviceOf } from './device-door.ts'
import { openSocket } from './socket.ts'

/**
 * Reads whose socket it is, then passes everything on for the socket's life: a Worker cannot hand a socket over
 * to an object once it has read from it.
 */
export function relayByFirstFrame(c: Context<AppEnv>): Response {
  const { 0: client, 1: outer } = new WebSocketPair()
  outer.accept()
  outer.binaryType = 'arraybuffer'
  c.executionCtx.waitUntil(serve(c, outer))
  return new Response(null, { status: 101, webSocket: client, headers: { 'sec-websocket-extensions': '' } })
}

type Message = string | ArrayBuffer

async function serve(c: Context<AppEnv>, outer: WebSocket): Promise<void> {
  const inbox = new Inbox(outer)
  try {
    const first = await inbox.first(limits.firstFrameMs)
    if (first === undefined) return outer.close(closeCodes.authTimeout.code, closeCodes.authTimeout.reason)
    const { token, ...id } = readFirstFrame(first)
    const { deviceId } = await deviceOf(c, token)
    const { webSocket: inner } = await openSocket(c, deviceId, { kind: 'device', deviceId, token })
    if (!inner) throw fromFault({ code: 'unavailable', detail: 'The device cannot be reached now.' })
    inner.accept()
    inner.binaryType = 'arraybuffer'
    void inbox.closed.then(({ code, reason }) => closeBoth(inner, code, reason))
    send(outer, { type: 'auth_result', success: true, ...id })
    inner.addEventListener('message', ({ data }) => outer.send(data as Message))
    inner.addEventListener('close', ({ code, reason }) => closeBoth(outer, code, reason))
    inbox.passTo(inner)
  } catch (thrown) {
    refuse(outer, toAppError(thrown))
  }
}

/** What came before there is somebody to pass it to is kept, up to a bound. */
class Inbox {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly #kept: Message[] = []
  #bytes = 0
  #take: (message: Message) => void

  constructor(socket: WebSocket) {
    this.#take = (message) => this.#keep(socket, message)
    socket.addEventListener('message', ({ data }) => this.#take(data as Message))
    this.closed = new Promise((done) => {
      socket.addEventListener('close', done)
      socket.addEventListener('error', () => done({ code: 1006, reason: '' }))
    })
  }

  #keep(socket: WebSocket, message: Message): void {
    this.#bytes += typeof message === 'string' ? message.length : message.byteLength
    if (this.#bytes <= limits.socketBacklogBytes) this.#kept.push(message)
    else if (socket.readyState === WebSocket.OPEN) socket.close(closeCodes.slowDown.code, closeCodes.slowDown.reason)
  }

  async first(ms: number): Promise<Message | undefined> {
    if (this.#kept.length > 0) return this.#kept.shift()
    const keep = this.#take
    let timer: ReturnType<typeof setTimeout> | undefined
    const message = await new Promise<Message | undefined>((done) => {
      this.#take = (first) => {
        this.#take = keep
        done(first)
      }
      timer = setTimeout(() => done(undefined), ms)
      void this.closed.then(() => done(undefined))
    })
    clearTimeout(timer)
    return message
  }

  passTo(socket: WebSocket): void {
    this.#take = (message) => socket.send(message)
    for (const message of this.#kept.splice(0)) socket.send(message)
  }
}

function send(socket: WebSocket, frame: ServerFrame): void {
  socket.send(JSON.stringify(frame))
}

function refuse(outer: WebSocket, { code, detail }: AppError): void {
  if (outer.readyState !== WebSocket.OPEN) return
  send(outer, { type: 'auth_result', success: false, code, detail })
  const { code: close, reason } = isPassing(code) ? closeCodes.slowDown : closeOf(code)
  outer.close(close, reason)
}

function closeOf(code: AppError['code']): { readonly code: number; readonly reason: string } {
  if (code === 'payload_too_large') return closeCodes.tooBig
  return code === 'unauthenticated' ? closeCodes.unauthenticated : closeCodes.noAuth
}

/** 1005, 1006 and 1015 say how a connection ended and cannot be sent (RFC 6455, 7.4.1). */
function closeBoth(other: WebSocket, code: number, reason: string): void {
  if (other.readyState === WebSocket.CLOSED) return
  const restarted = code === 1006 || code === 1015
  other.close(restarted ? closeCodes.restart.code : code === 1005 ? 1000 : code, reason)
}
