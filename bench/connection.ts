import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  /** The head as it came, in lower case. */
  readonly head: string
  readonly body: Buffer
  /** Since the request was written. */
  readonly ms: number
}

export interface HttpRequest {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

/** The bytes of one request, made once and written many times. */
export function requestBytes(url: string, { method = 'POST', path, headers = {}, body = '' }: HttpRequest): Buffer {
  const bytes = Buffer.from(body)
  const lines = Object.entries({ host: new URL(url).host, 'content-length': String(bytes.length), ...headers })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n`), bytes])
}

/** A keep-alive socket with one request outstanding: no HTTP client costs less. */
export class Connection {
  readonly #url: URL
  #socket: Socket | undefined
  #received: Buffer = Buffer.alloc(0)
  #startedAt = 0
  #waiting: { done: (answer: Answer) => void; fail: (error: Error) => void } | undefined

  constructor(url: string) {
    this.#url = new URL(url)
  }

  async exchange(request: Buffer): Promise<Answer> {
    if (this.#waiting) throw new Error('One request at a time')
    const socket = this.#socket ?? (await this.#open())
    return new Promise((done, fail) => {
      this.#waiting = { done, fail }
      this.#startedAt = performance.now()
      socket.write(request)
    })
  }

  close(): void {
    this.#drop(new Error('The connection was closed by its user'))
  }

  #open(): Promise<Socket> {
    return new Promise((done, fail) => {
      const socket = connect(Number(this.#url.port), '127.0.0.1')
      socket.setNoDelay(true)
      socket.once('connect', () => {
        this.#socket = socket
        done(socket)
      })
      socket.on('error', (error) => {
        fail(error)
        this.#drop(error)
      })
      socket.on('close', () => this.#drop(new Error('The server closed the connection')))
      socket.on('data', (chunk) => this.#take(chunk))
    })
  }

  #drop(error: Error): void {
    this.#socket?.removeAllListeners('close').destroy()
    this.#socket = undefined
    this.#received = Buffer.alloc(0)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.fail(error)
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const parsed = parseAnswer(this.#received)
    if (!parsed || !this.#waiting) return
    const { done } = this.#waiting
    const ms = performance.now() - this.#startedAt
    this.#waiting = undefined
    this.#received = this.#received.subarray(parsed.end)
    if (parsed.head.includes('\r\nconnection: close')) this.#drop(new Error('closed'))
    done({ status: Number(parsed.head.slice(9, 12)), head: parsed.head, body: parsed.body, ms })
  }
}

/** Undefined while the answer is not whole. */
function parseAnswer(bytes: Buffer): { head: string; body: Buffer; end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd).toLowerCase()
  const start = headEnd + 4
  if (head.includes('\r\ntransfer-encoding: chunked')) {
    const chunked = parseChunks(bytes, start)
    return chunked && { head, ...chunked }
  }
  const end = start + Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0)
  return bytes.length < end ? undefined : { head, body: bytes.subarray(start, end), end }
}

function parseChunks(bytes: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const parts: Buffer[] = []
  for (let offset = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', offset)
    if (lineEnd < 0) return undefined
    const length = Number.parseInt(bytes.toString('latin1', offset, lineEnd), 16)
    const next = lineEnd + 2 + length + 2
    if (bytes.length < next) return undefined
    if (length === 0) return { body: Buffer.concat(parts), end: next }
    parts.push(bytes.subarray(lineEnd + 2, next - 2))
    offset = next
  }
}
