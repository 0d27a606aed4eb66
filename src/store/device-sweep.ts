import type { Registry } from './registry.ts'

/** A deleted device whose readings are still there. */
export interface Tombstone {
  readonly deviceId: string
  readonly tenantId: string
}

/** The oldest deleted devices that no cache can still let in. */
export async function oldestTombstones(registry: Registry, deletedBefore: number, count: number): Promise<Tombstone[]> {
  const { results } = await registry.$client
    .prepare(
      `SELECT device_id AS deviceId, tenant_id AS tenantId FROM device_tombstones WHERE deleted_at <= ?1
       ORDER BY deleted_at, device_id LIMIT ?2`,
    )
    .bind(deletedBefore, count)
    .all<Tombstone>()
  return results
}

/** The key beside the device's id. */
export const historyKeys = { telemetry: 'ts', telemetry_hourly: 'hour', dirty_hours: 'hour' } as const
export type HistoryTable = keyof typeof historyKeys
export const historyTables = Object.keys(historyKeys) as HistoryTable[]

/** Deletes at most `rows` rows of the devices, and says how many went. */
export async function deleteHistory(
  db: D1Database,
  table: HistoryTable,
  tombstones: readonly Tombstone[],
  rows: number,
): Promise<number> {
  const key = `device_id, ${historyKeys[table]}`
  const { meta } = await db
    .prepare(
      `DELETE FROM ${table} WHERE (${key}) IN
        (SELECT ${key} FROM ${table} WHERE device_id IN (SELECT value ->> 1 FROM json_each(?1)) LIMIT ?2)`,
    )
    .bind(toJson(tombstones), rows)
    .run()
  return meta.changes
}

export async function deleteDeviceStates(db: D1Database, tombstones: readonly Tombstone[]): Promise<void> {
  await db
    .prepare(
      'DELETE FROM device_state WHERE (tenant_id, device_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))',
    )
    .bind(toJson(tombstones))
    .run()
}

/** Deletes at most so many commands of the devices, and says how many went. */
export async function deleteCommands(
  registry: Registry,
  tombstones: readonly Tombstone[],
  rows: number,
): Promise<number> {
  const { meta } = await registry.$client
    .prepare(
      `DELETE FROM commands WHERE (device_id, id) IN
        (SELECT device_id, id FROM commands WHERE device_id IN (SELECT value ->> 1 FROM json_each(?1)) LIMIT ?2)`,
    )
    .bind(toJson(tombstones), rows)
    .run()
  return meta.changes
}

/** What the registry still holds of the devices, the tombstones last. */
export async function buryDevices(registry: Registry, tombstones: readonly Tombstone[]): Promise<void> {
  if (tombstones.length === 0) return
  const db = registry.$client
  const theirs = 'device_id IN (SELECT value ->> 1 FROM json_each(?1))'
  const theirAlarms = `tenant_id IN (SELECT value ->> 0 FROM json_each(?1)) AND ${theirs}`
  const statements = [
    `DELETE FROM device_shards WHERE ${theirs}`,
    `DELETE FROM alarm_events WHERE alarm_id IN (SELECT id FROM alarms WHERE ${theirAlarms})`,
    `DELETE FROM alarms WHERE ${theirAlarms}`,
    `DELETE FROM device_tombstones WHERE ${theirs}`,
  ]
  await db.batch(statements.map((statement) => db.prepare(statement).bind(toJson(tombstones))))
}

function toJson(tombstones: readonly Tombstone[]): string {
  return JSON.stringify(tombstones.map(({ tenantId, deviceId }) => [tenantId, deviceId]))
}
