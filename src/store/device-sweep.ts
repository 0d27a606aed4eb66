import type { Registry } from './registry.ts'

export interface Tombstone {
  readonly deviceId: string
  readonly tenantId: string
}

/** The oldest deleted device that no cache can still let in. */
export async function oldestTombstone(registry: Registry, deletedBefore: number): Promise<Tombstone | undefined> {
  const row = await registry.$client
    .prepare(
      'SELECT device_id AS deviceId, tenant_id AS tenantId FROM device_tombstones WHERE deleted_at <= ?1 ORDER BY deleted_at LIMIT 1',
    )
    .bind(deletedBefore)
    .first<Tombstone>()
  return row ?? undefined
}

/** Everything of one device in a telemetry database, at most `rows` a table; returns how many went. */
export async function deleteDeviceTelemetry(db: D1Database, deviceId: string, rows: number): Promise<number> {
  const chunk = (table: string, key: string) =>
    db
      .prepare(
        `DELETE FROM ${table} WHERE device_id = ?1 AND ${key} IN
          (SELECT ${key} FROM ${table} WHERE device_id = ?1 ORDER BY ${key} LIMIT ?2)`,
      )
      .bind(deviceId, rows)
  const results = await db.batch([
    chunk('telemetry', 'ts'),
    chunk('telemetry_hourly', 'hour'),
    chunk('dirty_hours', 'hour'),
  ])
  return results.reduce((sum, { meta }) => sum + meta.changes, 0)
}

export async function deleteDeviceState(db: D1Database, tenantId: string, deviceId: string): Promise<void> {
  await db.prepare('DELETE FROM device_state WHERE tenant_id = ?1 AND device_id = ?2').bind(tenantId, deviceId).run()
}

/** What the registry still holds of the device, the tombstone last. */
export async function buryDevice(registry: Registry, deviceId: string): Promise<void> {
  const db = registry.$client
  const statements = [
    'DELETE FROM device_shards WHERE device_id = ?1',
    'DELETE FROM commands WHERE device_id = ?1',
    'DELETE FROM alarm_events WHERE alarm_id IN (SELECT id FROM alarms WHERE device_id = ?1)',
    'DELETE FROM alarms WHERE device_id = ?1',
    'DELETE FROM device_tombstones WHERE device_id = ?1',
  ]
  await db.batch(statements.map((statement) => db.prepare(statement).bind(deviceId)))
}
