import type { TenantId } from '../domain/ids.ts'

/** Readings of a device in one shard, oldest first, after a time. */
export async function pageReadings(
  db: D1Database,
  deviceId: string,
  after: number,
  limit: number,
): Promise<{ ts: number; values: string }[]> {
  const { results } = await db
    .prepare('SELECT ts, "values" FROM telemetry WHERE device_id = ?1 AND ts > ?2 ORDER BY ts LIMIT ?3')
    .bind(deviceId, after, limit)
    .all<{ ts: number; values: string }>()
  return results
}

/** What a shard still holds of the tenant's devices; those that are deleted are named by their tombstones. */
export async function countHistory(
  db: D1Database,
  tenantId: TenantId,
  deviceIds: readonly string[],
): Promise<{ states: number; readings: number }> {
  const ids = JSON.stringify(deviceIds)
  const [states, readings] = await db.batch<{ n: number }>([
    db.prepare('SELECT count(*) AS n FROM device_state WHERE tenant_id = ?1').bind(tenantId),
    db.prepare('SELECT count(*) AS n FROM telemetry WHERE device_id IN (SELECT value FROM json_each(?1))').bind(ids),
  ])
  return { states: states?.results[0]?.n ?? 0, readings: readings?.results[0]?.n ?? 0 }
}
