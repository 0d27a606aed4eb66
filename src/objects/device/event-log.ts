import type { DeviceEvent, NewDeviceEvent } from '../../domain/events.ts'
import { limits } from '../../domain/limits.ts'
import { isMigrated, migrateStorage } from '../storage-migrations.ts'

const migrations = ['CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL) STRICT']

/**
 * The last events of a device, in its object's SQLite. The table is made with the first event: an object
 * that only passes readings stores nothing of its own, and pays for nothing.
 */
export class EventLog {
  readonly #storage: DurableObjectStorage
  #clockCorrectedAt = 0

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  add(all: readonly NewDeviceEvent[]): void {
    const events = all.filter((event) => this.#isNews(event))
    if (events.length === 0) return
    migrateStorage(this.#storage, migrations)
    const { sql } = this.#storage
    for (const event of events.slice(-limits.eventsPerDevice)) {
      sql.exec('INSERT INTO events (event) VALUES (?)', JSON.stringify(event))
    }
    sql.exec('DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?', limits.eventsPerDevice)
  }

  /** A device with a clock that was never set says so with each reading: once an hour is enough. */
  #isNews({ kind, at }: NewDeviceEvent): boolean {
    if (kind !== 'clock_corrected') return true
    if (at - this.#clockCorrectedAt < limits.clockEventMs) return false
    this.#clockCorrectedAt = at
    return true
  }

  /** Newest first. */
  list(before: number | undefined, count: number): DeviceEvent[] {
    if (!isMigrated(this.#storage)) return []
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
