import { request } from './world.ts'

/** A client's end of a socket to the Worker under test. */
export class TestSocket {
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #socket: WebSocket
  readonly #frames: unknown[] = []
  #waiting: ((frame: unknown) => void)[] = []

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.accept()
    socket.addEventListener('message', ({ data }) => {
      const frame: unknown = JSON.parse(String(data))
      const wake = this.#waiting.shift()
      if (wake) wake(frame)
      else this.#frames.push(frame)
    })
    this.closed = new Promise((done) => {
      socket.addEventListener('close', ({ code, reason }) => done({ code, reason }))
    })
  }

  static async open(path: string, headers: Record<string, string> = {}): Promise<TestSocket> {
    const { status, webSocket } = await request('GET', path, { headers: { upgrade: 'websocket', ...headers } })
    if (!webSocket) throw new Error(`no socket: ${status}`)
    return new TestSocket(webSocket)
  }

  send(frame: object | string): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** The next frame, as it comes. */
  next<T = unknown>(): Promise<T> {
    const frame = this.#frames.shift()
    if (frame !== undefined) return Promise.resolve(frame as T)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no frame came')), 3_000)
      this.#waiting.push((next) => {
        clearTimeout(timer)
        resolve(next as T)
      })
    })
  }

  get pending(): number {
    return this.#frames.length
  }

  close(): void {
    this.#socket.close(1000, 'bye')
  }
}
