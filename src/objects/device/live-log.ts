import { limits } from '../../domain/limits.ts'
import type { EventId, LiveEvent } from '../../domain/live.ts'
import type { DeviceStorage } from './storage.ts'

export const liveMigrations = [
  'CREATE TABLE live (id INTEGER PRIMARY KEY CHECK (id = 1), epoch TEXT NOT NULL, watched_until INTEGER NOT NULL) STRICT',
  `CREATE TABLE live_log (
    slot INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, events TEXT NOT NULL
  ) STRICT`,
]

/** While sockets are attached; they survive hibernation, and their number tells. */
const attached = Number.MAX_SAFE_INTEGER

export interface LoggedEvent {
  readonly seq: number
  readonly event: LiveEvent
}

/**
 * What happened while somebody watched, in the object's SQLite: a reader who was cut off goes on where he was.
 * A row an emit, in a ring; nothing at all while nobody watches or did within `limits.liveResumeMs`.
 */
export class LiveLog {
  readonly #storage: DeviceStorage
  #epoch: string | undefined
  #watchedUntil = 0
  #seq = 0
  #slot = 0

  constructor(storage: DeviceStorage) {
    this.#storage = storage
    if (storage.isReady) this.#restore()
  }

  #restore(): void {
    const { sql } = this.#storage
    const [row] = sql.exec<{ epoch: string; watched_until: number }>('SELECT epoch, watched_until FROM live').toArray()
    const [last] = sql
      .exec<{ slot: number; last: number }>('SELECT slot, last FROM live_log ORDER BY last DESC LIMIT 1')
      .toArray()
    // Of an epoch that is over too: a new one's numbers go on above the rows that it left.
    if (last) [this.#seq, this.#slot] = [last.last, last.slot + 1]
    if (!row) return
    this.#epoch = row.epoch
    this.#watchedUntil = row.watched_until
  }

  /** The sockets that should be there are gone: the object was cut short, and no handler told. */
  noteSockets(count: number, now: number): void {
    if (count === 0 && this.#watchedUntil === attached) this.detached(now)
  }

  attached(): EventId {
    this.#storage.prepare()
    this.#epoch ??= newEpoch()
    this.#watch(attached)
    return { epoch: this.#epoch, seq: this.#seq }
  }

  detached(now: number): void {
    this.#watch(now + limits.liveResumeMs)
  }

  #watch(until: number): void {
    if (this.#watchedUntil === until || this.#epoch === undefined) return
    this.#watchedUntil = until
    this.#storage.sql.exec(
      'INSERT OR REPLACE INTO live (id, epoch, watched_until) VALUES (1, ?, ?)',
      this.#epoch,
      until,
    )
  }

  isOpen(now: number): boolean {
    if (this.#epoch === undefined) return false
    if (now <= this.#watchedUntil) return true
    // From here on events are not kept: an id of this epoch is too old for ever.
    this.#storage.sql.exec('DELETE FROM live')
    this.#epoch = undefined
    this.#watchedUntil = 0
    return false
  }

  /** Of an open log. */
  add(events: readonly LiveEvent[]): LoggedEvent[] {
    const logged = events.map((event) => ({ seq: ++this.#seq, event }))
    const texts = events.map((event) => JSON.stringify(event))
    for (let start = 0; start < texts.length; ) {
      const end = endOfRow(texts, start)
      this.#storage.sql.exec(
        'INSERT OR REPLACE INTO live_log (slot, first, last, events) VALUES (?, ?, ?, ?)',
        this.#slot++ % limits.liveRows,
        logged[start]?.seq ?? 0,
        logged[end - 1]?.seq ?? 0,
        `[${texts.slice(start, end).join(',')}]`,
      )
      start = end
    }
    return logged
  }

  id(seq: number): EventId {
    return { epoch: this.#epoch ?? '', seq }
  }

  /** What came after; undefined: too old, or of another stretch of watching. */
  since({ epoch, seq }: EventId): LoggedEvent[] | undefined {
    if (epoch !== this.#epoch || seq > this.#seq) return undefined
    const rows = this.#storage.sql
      .exec<{ first: number; events: string }>('SELECT first, events FROM live_log WHERE last > ? ORDER BY first', seq)
      .toArray()
    const found = rows.flatMap(({ first, events }) =>
      (JSON.parse(events) as LiveEvent[]).map((event, i) => ({ seq: first + i, event })),
    )
    const after = found.filter((logged) => logged.seq > seq)
    const isWhole = after.length === this.#seq - seq
    return isWhole ? after : undefined
  }
}

function newEpoch(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => (byte % 36).toString(36)).join('')
}

/** One at least, and as many as fit in a row. */
function endOfRow(texts: readonly string[], start: number): number {
  let bytes = 0
  for (let end = start; end < texts.length; end++) {
    bytes += texts[end]?.length ?? 0
    if (end > start && bytes > limits.liveRowBytes) return end
  }
  return texts.length
}
