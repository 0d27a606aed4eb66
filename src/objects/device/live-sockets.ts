import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { type EventId, formatEventId, type LiveEvent, onlyKeys, parseEventId } from '../../domain/live.ts'
import type { StoredReading } from '../../store/read-telemetry.ts'
import { Flow } from './flow.ts'
import type { LiveLog, LoggedEvent } from './live-log.ts'

export const liveTag = 'live'

export interface LiveOpening {
  readonly keys: readonly string[]
  readonly lastEventId?: string
}

interface LiveAttachment {
  readonly keys: readonly string[]
  readonly openedAt: number
}

/** What a reader is told first. */
interface Beginning {
  readonly from: EventId
  readonly readings: readonly StoredReading[]
  /** Since `from`. */
  readonly news: readonly LoggedEvent[]
}

/** Those who watch the device. Each is told everything in order, or dropped with a code: none is waited for. */
export class LiveSockets {
  readonly #ctx: DurableObjectState
  readonly #log: LiveLog
  readonly #flows = new WeakMap<WebSocket, Flow>()
  #opening = 0

  constructor(ctx: DurableObjectState, log: LiveLog) {
    this.#ctx = ctx
    this.#log = log
    log.noteSockets(this.#sockets().length, Date.now())
  }

  #sockets(): WebSocket[] {
    return this.#ctx.getWebSockets(liveTag).filter(({ readyState }) => readyState === WebSocket.OPEN)
  }

  get isFull(): boolean {
    return this.#sockets().length + this.#opening >= limits.liveSockets
  }

  emit(events: readonly LiveEvent[], now: number): void {
    if (events.length === 0 || !this.#log.isOpen(now)) return
    const logged = this.#log.add(events)
    for (const socket of this.#sockets()) {
      this.#tell(socket, logged)
      const { openedAt } = attachmentOf(socket)
      if (now - openedAt > limits.liveRightsMs) socket.close(1012, 'Connect again with lastEventId.')
    }
    this.#relieve()
  }

  /** An object has 128 MB for all of them: the slowest go first. */
  #relieve(): void {
    const unread = new Map(this.#sockets().map((socket) => [socket, this.#flowOf(socket).unread]))
    let sum = [...unread.values()].reduce((a, b) => a + b, 0)
    if (sum <= limits.liveUnreadBytesOfAll) return
    for (const [socket, bytes] of [...unread].sort(([, a], [, b]) => b - a)) {
      if (sum <= limits.liveUnreadBytesOfAll) return
      closeSlow(socket)
      sum -= bytes
    }
  }

  /**
   * History first, then what happened since it was begun to be read: without a gap, since the log runs from
   * before the read, and without a repeat, since what history holds is not told again.
   */
  async open(
    opening: LiveOpening,
    /** Of the keys asked for. */
    history: () => Promise<readonly StoredReading[]>,
  ): Promise<WebSocket> {
    this.#opening++
    try {
      const resumed = this.#resumed(opening.lastEventId)
      const { from, readings, news } = resumed ?? (await this.#begun(history))
      const { 0: client, 1: server } = new WebSocketPair()
      this.#ctx.acceptWebSocket(server, [liveTag])
      server.serializeAttachment({ keys: opening.keys, openedAt: Date.now() } satisfies LiveAttachment)
      this.#log.attached() // the last one of the others may have left during the read
      if (opening.lastEventId !== undefined && !resumed) this.#send(server, { type: 'resync' })
      for (let i = 0; i < readings.length; i += limits.liveHistoryPage) {
        this.#send(server, { type: 'history', readings: readings.slice(i, i + limits.liveHistoryPage) })
      }
      this.#send(server, { type: 'ready', id: formatEventId(from) })
      const known = new Map(readings.map(({ ts, values }) => [ts, values]))
      const keys = new Set(opening.keys)
      this.#tell(
        server,
        withoutKnown(news, (event) => isIn(known, onlyKeys(event, keys))),
      )
      this.#relieve()
      return client
    } catch (error) {
      this.left(undefined, Date.now())
      throw error
    } finally {
      this.#opening--
    }
  }

  #resumed(lastEventId: string | undefined): Beginning | undefined {
    this.#log.attached()
    const from = lastEventId === undefined ? undefined : parseEventId(lastEventId)
    const news = from && this.#log.since(from)
    return from && news && { from, readings: [], news }
  }

  /** The log keeps so many emits: where the read of history takes longer than those it is made once more. */
  async #begun(history: () => Promise<readonly StoredReading[]>): Promise<Beginning> {
    for (let reads = 0; reads < limits.liveHistoryReads; reads++) {
      const from = this.#log.attached()
      const readings = await history()
      const news = this.#log.since(from)
      if (news) return { from, readings, news }
    }
    throw new AppError('unavailable', { detail: 'More happens to the device than its history can be read beside.' })
  }

  /** Called when a socket closed. */
  left(socket: WebSocket | undefined, now: number): void {
    if (this.#sockets().every((other) => other === socket)) this.#log.detached(now)
  }

  /** The only word of a reader: it has read up to a check. Anything else is passed over. */
  received(socket: WebSocket, message: string | ArrayBuffer): void {
    const n = typeof message === 'string' ? /^\s*\{[^{}]{0,80}"n"\s*:\s*(\d{1,15})\b/.exec(message)?.[1] : undefined
    if (n !== undefined) this.#flowOf(socket).confirm(Number(n))
  }

  #tell(socket: WebSocket, logged: readonly LoggedEvent[]): void {
    const keys = new Set(attachmentOf(socket).keys)
    for (const { seq, event } of logged) {
      const seen = onlyKeys(event, keys)
      if (seen) this.#send(socket, { id: formatEventId(this.#log.id(seq)), ...seen })
    }
  }

  #send(socket: WebSocket, frame: object): void {
    if (socket.readyState !== WebSocket.OPEN) return
    const text = JSON.stringify(frame)
    const flow = this.#flowOf(socket)
    const check = flow.add(text.length)
    if (flow.unread > limits.liveUnreadBytes) {
      closeSlow(socket)
      return
    }
    socket.send(text)
    if (check !== undefined) socket.send(JSON.stringify({ type: 'check', n: check }))
  }

  #flowOf(socket: WebSocket): Flow {
    let flow = this.#flows.get(socket)
    if (!flow) {
      flow = new Flow()
      this.#flows.set(socket, flow)
    }
    return flow
  }
}

function closeSlow(socket: WebSocket): void {
  socket.close(1013, 'Too slow: answer {"type":"check"} frames; reconnect with lastEventId.')
}

function attachmentOf(socket: WebSocket): LiveAttachment {
  return socket.deserializeAttachment() as LiveAttachment
}

/** Where history holds an event of a time, it holds what came before it of that time too. */
function withoutKnown(news: readonly LoggedEvent[], isKnown: (event: LiveEvent) => boolean): LoggedEvent[] {
  const known = new Set<number>()
  const left = news.toReversed().filter(({ event }) => {
    if (event.type !== 'telemetry') return true
    if (isKnown(event)) known.add(event.ts)
    return !known.has(event.ts)
  })
  return left.toReversed()
}

function isIn(known: ReadonlyMap<number, StoredReading['values']>, event: LiveEvent | undefined): boolean {
  if (event?.type !== 'telemetry') return false
  const values = known.get(event.ts)
  const isSame = ([key, value]: [string, unknown]) => JSON.stringify(values?.[key]) === JSON.stringify(value)
  return values !== undefined && Object.entries(event.values).every(isSame)
}
