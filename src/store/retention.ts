import type { Retention } from '../domain/retention.ts'
import { joinProfile } from './device-identity.ts'
import { type HistoryTable, historyKeys } from './device-sweep.ts'
import type { Registry } from './registry.ts'

export interface RetainedDevice extends Retention {
  readonly deviceId: string
}

/** The next devices by id, whosever they are, with what is kept of each. */
export async function nextRetained(registry: Registry, after: string, count: number): Promise<RetainedDevice[]> {
  const { results } = await registry.$client
    .prepare(
      `SELECT d.id AS deviceId, coalesce(d.retention_days, p.retention_days, pl.retention_days) AS raw,
         coalesce(p.rollup_retention_days, pl.rollup_retention_days) AS hourly
       FROM devices d JOIN tenants t ON t.id = d.tenant_id JOIN plans pl ON pl.id = t.plan_id
       ${joinProfile}
       WHERE d.id > ?1 ORDER BY d.id LIMIT ?2`,
    )
    .bind(after, count)
    .all<RetainedDevice>()
  return results
}

/** A device and the time before which its rows go. */
export type Cutoff = readonly [deviceId: string, before: number]
export type RetainedTable = Exclude<HistoryTable, 'dirty_hours'>

/** Those that have a row before their cutoff; at most a row is read of each. */
export async function findOverdue(db: D1Database, table: RetainedTable, cutoffs: readonly Cutoff[]): Promise<Cutoff[]> {
  const time = historyKeys[table]
  const { results } = await db
    .prepare(
      `SELECT value ->> 0 AS deviceId, value ->> 1 AS before FROM json_each(?1)
       WHERE EXISTS (SELECT 1 FROM ${table} WHERE device_id = value ->> 0 AND ${time} < value ->> 1)`,
    )
    .bind(JSON.stringify(cutoffs))
    .all<{ deviceId: string; before: number }>()
  return results.map(({ deviceId, before }) => [deviceId, before])
}

/** Deletes the oldest rows, at most so many of each device, and says how many went. */
export async function deleteOldest(
  db: D1Database,
  table: RetainedTable,
  cutoffs: readonly Cutoff[],
  rows: number,
): Promise<number> {
  const time = historyKeys[table]
  const theirs = `device_id = j.value ->> 0 AND ${time} < j.value ->> 1`
  const { meta } = await db
    .prepare(
      `DELETE FROM ${table} WHERE (device_id, ${time}) IN (
         SELECT h.device_id, h.${time} FROM json_each(?1) AS j JOIN ${table} AS h ON h.device_id = j.value ->> 0
           AND h.${time} < coalesce((SELECT ${time} FROM ${table} WHERE ${theirs} ORDER BY ${time} LIMIT 1 OFFSET ?2),
             j.value ->> 1))`,
    )
    .bind(JSON.stringify(cutoffs), rows)
    .run()
  return meta.changes
}

export interface RetentionRound {
  /** The last device that was visited; empty: a round begins. */
  readonly after: string
  /** One had more to delete than a visit takes. */
  readonly isBehind: boolean
  readonly dueAt: number
}

export async function readRound(registry: Registry): Promise<RetentionRound> {
  const row = await registry.$client
    .prepare('SELECT after_device_id AS after, is_behind AS isBehind, due_at AS dueAt FROM retention_sweep')
    .first<{ after: string; isBehind: number; dueAt: number }>()
  return { after: row?.after ?? '', isBehind: row?.isBehind === 1, dueAt: row?.dueAt ?? 0 }
}

export async function saveRound(registry: Registry, { after, isBehind, dueAt }: RetentionRound): Promise<void> {
  await registry.$client
    .prepare('UPDATE retention_sweep SET after_device_id = ?1, is_behind = ?2, due_at = ?3')
    .bind(after, isBehind ? 1 : 0, dueAt)
    .run()
}
