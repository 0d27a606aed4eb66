import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { unstable_splitSqlQuery } from 'wrangler'
import { type LocalDatabase, withLocalDatabases } from './local-runtime.ts'
import { type Database, readProject } from './wrangler.ts'

/**
 * Applies what is missing, into the table and files of `wrangler d1 migrations apply --local`. That command starts
 * a runtime for each migration: 13 s for the registry where this takes one.
 */
export async function migrateLocal(stateDir: string, configPath?: string): Promise<void> {
  const { databases } = readProject(configPath)
  const ids = databases.map(({ localId }) => localId)
  await withLocalDatabases(stateDir, ids, async (open) => {
    for (const database of databases) await migrate(await open(database.localId), database)
  })
}

async function migrate(db: LocalDatabase, { binding, migrationsDir, migrationsTable: table }: Database): Promise<void> {
  const columns =
    'id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL'
  await db.batch([`CREATE TABLE IF NOT EXISTS ${table} (${columns})`])
  const applied = new Set(await db.names(table))
  for (const file of migrationFiles(migrationsDir)) {
    if (applied.has(file)) continue
    const queries = unstable_splitSqlQuery(readFileSync(join(migrationsDir, file), 'utf8'))
    try {
      await db.batch([...queries, `INSERT INTO ${table} (name) VALUES ('${file.replaceAll("'", "''")}')`])
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`Migration ${file} of ${binding} failed: ${reason}`, { cause })
    }
  }
}

/** Of the folder itself: migrations/telemetry is another database's. */
function migrationFiles(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.sql'))
    .sort()
}
