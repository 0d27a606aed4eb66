import type { DeviceId } from '../../domain/ids.ts'
import { migrateStorage } from '../storage-migrations.ts'

/** Numbered: append only. */
const migrations = [
  `CREATE TABLE connections (id TEXT PRIMARY KEY, device_id TEXT NOT NULL, snapshot TEXT) STRICT, WITHOUT ROWID`,
]

type Row = { id: string; device_id: DeviceId }

/**
 * Connections whose session was asked for and not left yet. An object that is cut short runs no close handlers: who
 * stands here and has no socket was lost with it.
 */
export class ConnectionTable {
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage) {
    migrateStorage(storage, migrations)
    this.#sql = storage.sql
  }

  add(id: string, deviceId: DeviceId): void {
    this.#sql.exec('INSERT OR REPLACE INTO connections (id, device_id) VALUES (?, ?)', id, deviceId)
  }

  remove(ids: readonly string[]): void {
    this.#sql.exec('DELETE FROM connections WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids))
  }

  /** A connection's state that has no room in its socket's attachment. */
  keep(id: string, snapshot: string | null): void {
    this.#sql.exec('UPDATE connections SET snapshot = ? WHERE id = ?', snapshot, id)
  }

  kept(id: string): string | undefined {
    const query = 'SELECT snapshot FROM connections WHERE id = ?'
    return this.#sql.exec<{ snapshot: string | null }>(query, id).toArray()[0]?.snapshot ?? undefined
  }

  /** By device, without those that are open. */
  lost(open: ReadonlySet<string>): Map<DeviceId, string[]> {
    const rows = this.#sql.exec<Row>('SELECT id, device_id FROM connections').toArray()
    const lost = new Map<DeviceId, string[]>()
    for (const { id, device_id } of rows) {
      if (!open.has(id)) lost.set(device_id, [...(lost.get(device_id) ?? []), id])
    }
    return lost
  }
}
