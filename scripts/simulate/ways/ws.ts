import type { Outcome, Sender, SimDevice, SimReading, Way } from '../way.ts'

const firstPauseMs = 250
const longestPauseMs = 5_000
const answerMs = 20_000

interface Answer {
  readonly type: string
  readonly id?: number
  readonly code?: string
  readonly retryable?: boolean
  readonly retryAfter?: number
}

/** One device's socket: opened when it is needed, again when it broke. */
class Line {
  readonly #url: string
  #socket: Promise<WebSocket> | undefined
  #nextId = 0
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>()

  constructor(url: string) {
    this.#url = url
  }

  /** Undefined: the connection broke, or nothing came in time. */
  async ask(reading: SimReading): Promise<Answer | undefined> {
    const id = this.#nextId++
    try {
      this.#socket ??= this.#open()
      const socket = await this.#socket
      return await new Promise((resolve) => {
        const timer = setTimeout(() => this.#settle(id, undefined), answerMs)
        this.#waiting.set(id, (answer) => {
          clearTimeout(timer)
          resolve(answer)
        })
        socket.send(JSON.stringify({ type: 'telemetry', ts: reading.ts, data: reading.values, id }))
      })
    } catch {
      this.#socket = undefined
      return undefined
    }
  }

  #settle(id: number, answer: Answer | undefined): void {
    this.#waiting.get(id)?.(answer)
    this.#waiting.delete(id)
  }

  #open(): Promise<WebSocket> {
    const socket = new WebSocket(this.#url)
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer
      if (answer.id !== undefined) this.#settle(answer.id, answer)
    })
    socket.addEventListener('close', () => {
      this.#socket = undefined
      for (const id of this.#waiting.keys()) this.#settle(id, undefined)
    })
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(socket))
      socket.addEventListener('error', () => reject(new Error('no connection')))
    })
  }

  async close(): Promise<void> {
    const socket = await this.#socket?.catch(() => undefined)
    socket?.close(1000)
  }
}

async function sendUntil(line: Line, reading: SimReading, deadline: number): Promise<Outcome> {
  let pause = firstPauseMs
  for (let retries = 0; ; retries++) {
    const startedAt = performance.now()
    const answer = await line.ask(reading)
    const latency = performance.now() - startedAt
    if (answer?.type === 'ack') return { accepted: [reading], rejected: [], retries, latency }
    if (answer?.type === 'error' && !answer.retryable) {
      return { accepted: [], rejected: [{ reading, code: answer.code ?? 'error' }], retries, latency }
    }
    const wait = answer?.retryAfter === undefined ? pause : answer.retryAfter * 1000
    if (Date.now() + wait > deadline) return { accepted: [], rejected: [], retries, latency }
    await new Promise((wake) => setTimeout(wake, wait))
    pause = Math.min(pause * 2, longestPauseMs)
  }
}

export const ws: Way = {
  id: 'ws',
  perMessage: 1,
  async open(baseUrl): Promise<Sender> {
    const lines = new Map<string, Line>()
    const lineOf = ({ id, token }: SimDevice) => {
      const line = lines.get(id) ?? new Line(`${baseUrl.replace(/^http/, 'ws')}/api/v1/${token}/ws`)
      lines.set(id, line)
      return line
    }
    return {
      send: (device, readings, deadline) => sendUntil(lineOf(device), readings[0] as SimReading, deadline),
      async close() {
        await Promise.all([...lines.values()].map((line) => line.close()))
      },
    }
  },
}
