/**
 * Numbered migrations of an object's own SQLite. `PRAGMA user_version` is not offered there (platform fact,
 * 2026-11), so the number stands in a table. Synchronous: safe in a constructor without blocking concurrency.
 */
export function migrateStorage(storage: DurableObjectStorage, migrations: readonly string[]): void {
  const { sql } = storage
  sql.exec('CREATE TABLE IF NOT EXISTS _migrations (id INTEGER PRIMARY KEY) STRICT')
  const applied = sql.exec<{ n: number }>('SELECT count(*) AS n FROM _migrations').one().n
  if (applied >= migrations.length) return
  storage.transactionSync(() => {
    for (let id = applied; id < migrations.length; id++) {
      sql.exec(migrations[id] as string)
      sql.exec('INSERT INTO _migrations (id) VALUES (?)', id + 1)
    }
  })
}

export function isMigrated(storage: DurableObjectStorage): boolean {
  return storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = '_migrations'").toArray().length > 0
}
