import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { DeviceStorage } from '../../src/objects/device/storage.ts'

/** An object's SQLite, in memory: what an eviction leaves. */
export function sqliteStorage(migrations: readonly string[]): DeviceStorage {
  const db = new DatabaseSync(':memory:')
  let isReady = false
  const exec = (query: string, ...bound: SQLInputValue[]) => {
    const rows = db.prepare(query).all(...bound)
    return { toArray: () => rows, one: () => rows[0] }
  }
  return {
    sql: { exec },
    get isReady() {
      return isReady
    },
    prepare() {
      if (isReady) return
      for (const migration of migrations) db.exec(migration)
      isReady = true
    },
  } as unknown as DeviceStorage
}
