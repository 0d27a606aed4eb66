import type { DeviceStorage } from './storage.ts'

/** What a cold object must know of the state it saved last, so that a reading needs no look at D1. */
export interface SavedMark {
  readonly savedAt: number
  readonly lastSeen: number
  readonly newestTs: number
  readonly keys: readonly string[]
}

export const markMigration = `CREATE TABLE saved_mark (
  id INTEGER PRIMARY KEY CHECK (id = 1), saved_at INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  newest_ts INTEGER NOT NULL, keys TEXT NOT NULL
) STRICT`

export function readMark(storage: DeviceStorage): SavedMark | undefined {
  if (!storage.isReady) return undefined
  const [row] = storage.sql
    .exec<{ saved_at: number; last_seen: number; newest_ts: number; keys: string }>('SELECT * FROM saved_mark')
    .toArray()
  return (
    row && {
      savedAt: row.saved_at,
      lastSeen: row.last_seen,
      newestTs: row.newest_ts,
      keys: JSON.parse(row.keys) as string[],
    }
  )
}

export function writeMark(storage: DeviceStorage, mark: SavedMark): void {
  storage.prepare()
  storage.sql.exec(
    'INSERT OR REPLACE INTO saved_mark (id, saved_at, last_seen, newest_ts, keys) VALUES (1, ?, ?, ?, ?)',
    mark.savedAt,
    mark.lastSeen,
    mark.newestTs,
    JSON.stringify(mark.keys),
  )
}
