// Clients of the device socket and of the live feed.
import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import type { Device, Product } from './contenders.ts'

const overdueMs = 10_000

/** Where an uplink's number stands; it comes back in its live event. */
export const numberKey = 'seq'

type Frame = { readonly type: string; readonly id?: unknown; readonly accepted?: number; readonly code?: string }

function connect(url: string, headers: Record<string, string> = {}): WebSocket {
  return new WebSocket(url.replace('http', 'ws'), { headers, perMessageDeflate: false })
}

/** Frames under way on one socket: as soon as one is over, the next is sent. */
export class Window {
  readonly #send: (n: number) => void
  readonly #size: number
  readonly #sentAt = new Map<number, number>()
  #next = 0
  #ends = 0
  #latencies: number[] = []
  #settle: (() => void) | undefined

  constructor(size: number, send: (n: number) => void) {
    this.#size = size
    this.#send = send
  }

  /** Milliseconds from sent to over, of each frame; and how many were never over. */
  async run(seconds: number): Promise<{ latencies: number[]; lost: number }> {
    this.#latencies = []
    this.#ends = performance.now() + seconds * 1000
    const settled = new Promise<void>((done) => {
      this.#settle = done
    })
    const overdue = setTimeout(() => this.#settle?.(), seconds * 1000 + overdueMs)
    this.#fill()
    await settled
    clearTimeout(overdue)
    const lost = this.#sentAt.size
    this.#sentAt.clear()
    return { latencies: this.#latencies, lost }
  }

  /** Milliseconds since it was sent. */
  age(n: number): number {
    return performance.now() - (this.#sentAt.get(n) ?? Number.NaN)
  }

  over(n: number): void {
    const sentAt = this.#sentAt.get(n)
    if (sentAt === undefined) return
    this.#sentAt.delete(n)
    this.#latencies.push(performance.now() - sentAt)
    this.#fill()
    if (this.#sentAt.size === 0) this.#settle?.()
  }

  /** The socket is closed: what is under way stays so. */
  stop(): void {
    this.#ends = 0
    this.#settle?.()
  }

  #fill(): void {
    while (this.#sentAt.size < this.#size && performance.now() < this.#ends) {
      this.#sentAt.set(this.#next, performance.now())
      this.#send(this.#next++)
    }
  }
}

export interface DeviceSocket {
  send(n: number): void
  close(): void
}

export interface DeviceSocketEvents {
  /** Its reading is committed. */
  acknowledged?(n: number): void
  refused(code: string): void
  closed(): void
}

export async function openDeviceSocket(
  { url }: Product,
  { token }: Device,
  values: object,
  events: DeviceSocketEvents,
): Promise<DeviceSocket> {
  const socket = connect(`${url}/api/v1/${token}/ws`)
  await new Promise((done, fail) => socket.once('open', done).once('error', fail))
  const start = randomUUID().slice(0, 8)
  let answers = 0
  socket.on('message', (message) => {
    const { type, id, accepted, code } = JSON.parse(String(message)) as Frame
    const n = answers++
    if (type !== 'ack' || accepted !== 1) events.refused(code ?? type)
    else if (id !== `${start}-${n}`) events.refused('out of order')
    else events.acknowledged?.(n)
  })
  socket.on('close', events.closed)
  return {
    send(n) {
      socket.send(JSON.stringify({ type: 'telemetry', data: { ...values, [numberKey]: n }, id: `${start}-${n}` }))
    },
    close: () => close(socket, events.closed),
  }
}

export interface LiveReader {
  close(): void
}

/** Resolves once it is told that from here on nothing is missed. */
export async function openLiveReader(
  { url, apiKey }: Product,
  { id }: Device,
  events: { told(n: number): void; closed(): void },
): Promise<LiveReader> {
  const socket = connect(`${url}/api/devices/${id}/live?limit=0`, { authorization: `Bearer ${apiKey}` })
  const number = new RegExp(`"${numberKey}":(\\d+)`)
  await new Promise<void>((ready, fail) => {
    socket.once('error', fail)
    socket.on('message', (message) => {
      const text = String(message)
      if (text.startsWith('{"type":"check"')) socket.send(text)
      else if (text.startsWith('{"type":"ready"')) ready()
      else if (text.includes('"type":"telemetry"')) events.told(Number(number.exec(text)?.[1]))
    })
  })
  socket.on('close', events.closed)
  return { close: () => close(socket, events.closed) }
}

function close(socket: WebSocket, onClose: () => void): void {
  socket.off('close', onClose)
  socket.close()
}
