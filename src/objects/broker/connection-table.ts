import type { DeviceId } from '../../domain/ids.ts'
import type { Leaving } from '../../mqtt/connection/ports.ts'
import type { Link } from '../../mqtt/space/calls.ts'
import { migrateStorage } from '../storage-migrations.ts'

/** Numbered: append only. */
const migrations = [
  `CREATE TABLE connections (id TEXT PRIMARY KEY, device_id TEXT NOT NULL, snapshot TEXT) STRICT, WITHOUT ROWID`,
  'ALTER TABLE connections ADD COLUMN leaving TEXT',
]

type Row = { id: string; device_id: DeviceId; leaving: string | null }

/** Whose session was not left yet. With `left`: it was to be, in this way. */
export interface LostConnection {
  readonly id: string
  readonly left?: { readonly link: Link; readonly how: Leaving }
}

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

  /** How it is being left: its session may not hear it at once. */
  leave(left: NonNullable<LostConnection['left']>): void {
    const query = 'UPDATE connections SET leaving = ? WHERE id = ?'
    this.#sql.exec(query, JSON.stringify(left), left.link.connection)
  }

  isLeaving(id: string): boolean {
    return this.#sql.exec('SELECT 1 FROM connections WHERE id = ? AND leaving IS NOT NULL', id).toArray().length > 0
  }

  /** By device, without those that are open. */
  lost(open: ReadonlySet<string>): Map<DeviceId, LostConnection[]> {
    const rows = this.#sql.exec<Row>('SELECT id, device_id, leaving FROM connections').toArray()
    const lost = new Map<DeviceId, LostConnection[]>()
    for (const { id, device_id, leaving } of rows) {
      if (open.has(id)) continue
      const connection = { id, ...(leaving !== null && { left: JSON.parse(leaving) }) }
      lost.set(device_id, [...(lost.get(device_id) ?? []), connection])
    }
    return lost
  }
}
