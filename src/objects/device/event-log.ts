import type { DeviceEvent, NewDeviceEvent } from '../../domain/events.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceStorage } from './storage.ts'

/** The last events of a device, in its object's SQLite. */
export class EventLog {
  readonly #storage: DeviceStorage
  #clockCorrectedAt = 0

  constructor(storage: DeviceStorage) {
    this.#storage = storage
  }

  /** Returns what is kept. */
  add(all: readonly NewDeviceEvent[]): readonly NewDeviceEvent[] {
    const events = all.filter((event) => this.#isNews(event) && !this.#isRepeat(event))
    if (events.length === 0) return events
    this.#storage.prepare()
    const { sql } = this.#storage
    for (const event of events.slice(-limits.eventsPerDevice)) {
      sql.exec('INSERT INTO events (event) VALUES (?)', JSON.stringify(event))
    }
    sql.exec('DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?', limits.eventsPerDevice)
    return events
  }

  /** A device with a clock that was never set says so with each reading: once an hour is enough. */
  #isNews({ kind, at }: NewDeviceEvent): boolean {
    if (kind !== 'clock_corrected') return true
    if (at - this.#clockCorrectedAt < limits.clockEventMs) return false
    this.#clockCorrectedAt = at
    return true
  }

  /** What a server sends again is told once. */
  #isRepeat({ mark }: NewDeviceEvent): boolean {
    if (mark === undefined || !this.#storage.isReady) return false
    const known = "SELECT 1 FROM events WHERE event ->> 'mark' = ? LIMIT 1"
    return this.#storage.sql.exec(known, mark).toArray().length > 0
  }

  /** Newest first. */
  list(before: number | undefined, count: number): DeviceEvent[] {
    if (!this.#storage.isReady) return []
    return this.#storage.sql
      .exec<{ id: number; event: string }>(
        'SELECT id, event FROM events WHERE id < ? ORDER BY id DESC LIMIT ?',
        before ?? Number.MAX_SAFE_INTEGER,
        count,
      )
      .toArray()
      .map(({ id, event }) => ({
        id,
        ...(JSON.parse(event) as NewDeviceEvent),
      }))
  }
}
