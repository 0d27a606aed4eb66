import { limits } from '../domain/limits.ts'
import type { TelemetryValue } from '../domain/telemetry.ts'

export interface SavedState {
  readonly lastSeen: number
  readonly savedAt: number
  readonly latest: Readonly<Record<string, readonly [ts: number, value: TelemetryValue]>>
}

export interface StoredReading {
  readonly ts: number
  readonly values: Readonly<Record<string, TelemetryValue>>
}

/**
 * What a cold device object starts from: its newest saved state, and the readings since (with some overlap,
 * for those that came late), oldest first.
 */
export async function loadDeviceState(
  databases: readonly D1Database[],
  tenantId: string,
  deviceId: string,
  now: number,
): Promise<{ saved: SavedState | undefined; readings: StoredReading[] }> {
  const states = await Promise.all(databases.map((db) => findState(db, tenantId, deviceId)))
  const saved = states.filter((state) => state !== undefined).sort((a, b) => b.savedAt - a.savedAt)[0]
  const since = saved ? Math.min(newestTs(saved), saved.savedAt) - limits.stateOverlapMs : 0
  const readings = await Promise.all(databases.map((db) => readingsSince(db, deviceId, since, now)))
  return { saved, readings: readings.flat().sort((a, b) => a.ts - b.ts) }
}

function newestTs(saved: SavedState): number {
  return Object.values(saved.latest).reduce((newest, [ts]) => Math.max(newest, ts), 0)
}

async function findState(db: D1Database, tenantId: string, deviceId: string): Promise<SavedState | undefined> {
  const row = await db
    .prepare('SELECT last_seen, saved_at, latest FROM device_state WHERE tenant_id = ?1 AND device_id = ?2')
    .bind(tenantId, deviceId)
    .first<{ last_seen: number; saved_at: number; latest: string }>()
  if (!row) return undefined
  return {
    lastSeen: row.last_seen,
    savedAt: row.saved_at,
    latest: JSON.parse(row.latest) as SavedState['latest'],
  }
}

async function readingsSince(db: D1Database, deviceId: string, since: number, now: number): Promise<StoredReading[]> {
  const { results } = await db
    .prepare(
      `SELECT ts, "values" FROM telemetry WHERE device_id = ?1 AND ts BETWEEN ?2 AND ?3 ORDER BY ts DESC LIMIT ?4`,
    )
    .bind(deviceId, since, now + limits.futureTsMs, limits.stateRebuildRows)
    .all<{ ts: number; values: string }>()
  return results.map(({ ts, values }) => ({
    ts,
    values: JSON.parse(values) as StoredReading['values'],
  }))
}

export interface LastSeen {
  readonly deviceId: string
  readonly lastSeen: number
}

/**
 * When devices were last heard of: the saved state or their newest reading, whichever is later. Reads two
 * rows a device. Without ids: all of the tenant's.
 */
export async function lastSeenOf(
  databases: readonly D1Database[],
  tenantId: string,
  now: number,
  deviceIds?: readonly string[],
): Promise<Map<string, number>> {
  const some = deviceIds ? 'AND s.device_id IN (SELECT value FROM json_each(?3))' : ''
  const query = `
    SELECT s.device_id AS deviceId, max(s.last_seen, coalesce(
      (SELECT ts FROM telemetry t WHERE t.device_id = s.device_id AND t.ts <= ?2 ORDER BY ts DESC LIMIT 1), 0)) AS lastSeen
    FROM device_state s WHERE s.tenant_id = ?1 ${some}`
  const seen = new Map<string, number>()
  const answers = await Promise.all(
    databases.map((db) => {
      const bound = deviceIds ? [tenantId, now, JSON.stringify(deviceIds)] : [tenantId, now]
      return db
        .prepare(query)
        .bind(...bound)
        .all<LastSeen>()
    }),
  )
  for (const { results } of answers) {
    for (const { deviceId, lastSeen } of results) seen.set(deviceId, Math.max(lastSeen, seen.get(deviceId) ?? 0))
  }
  return seen
}
