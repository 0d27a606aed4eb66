import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { TelemetryValue } from '../domain/telemetry.ts'
import { readNewestFirst, type StoredReading } from './read-telemetry.ts'
import type { TelemetryStore } from './telemetry-store.ts'

export interface SavedState {
  readonly lastSeen: number
  readonly savedAt: number
  readonly latest: Readonly<Record<string, readonly [ts: number, value: TelemetryValue]>>
}

/**
 * What a device's object starts from: its newest saved state, and the readings since (with some overlap,
 * for those that came late), newest first.
 */
export async function loadDeviceState(
  store: TelemetryStore,
  device: DeviceIdentity,
  now: number,
): Promise<{ saved: SavedState | undefined; readings: StoredReading[] }> {
  const shards = [...new Set([0, ...device.shards.map(({ shard }) => shard)])]
  const states = await Promise.all(shards.map((shard) => findState(store.shard(shard), device)))
  const saved = states.filter((state) => state !== undefined).sort((a, b) => b.savedAt - a.savedAt)[0]
  const since = saved ? Math.min(newestTs(saved), saved.savedAt) - limits.stateOverlapMs : 0
  const readings: StoredReading[] = []
  const newestFirst = readNewestFirst(store, device, since, now + limits.futureTsMs, limits.stateRebuildRows)
  let bytes = 0
  for await (const reading of newestFirst) {
    readings.push(reading)
    bytes += reading.size
    if (bytes > limits.readChunkBytes) break
  }
  return { saved, readings }
}

function newestTs(saved: SavedState): number {
  return Object.values(saved.latest).reduce((newest, [ts]) => Math.max(newest, ts), 0)
}

async function findState(db: D1Database, { tenantId, deviceId }: DeviceIdentity): Promise<SavedState | undefined> {
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
