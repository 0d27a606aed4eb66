import type { Alarm, AlarmChange, AlarmEvent } from '../domain/alarm/alarm.ts'
import type { DeviceId, TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'

/** An alarm with what its device and profile say of it. */
export interface AlarmRow extends Omit<Alarm, 'key' | 'value'> {
  readonly deviceId: string
  readonly deviceName: string | null
  readonly deviceType: string | null
  readonly key: string | null
  /** As JSON. */
  readonly value: string | null
  /** Of the profile, as JSON. */
  readonly keys: string | null
}

export interface AlarmFilter {
  readonly deviceId?: string | undefined
  readonly status?: 'ACTIVE' | 'CLEARED' | undefined
  readonly severity?: readonly string[] | undefined
  readonly acknowledged?: boolean | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly before?: { readonly startedAt: number; readonly id: string } | undefined
}

const columns = `a.id, a.device_id AS deviceId, a.rule_id AS ruleId, a.rule_name AS ruleName, a.severity, a.status,
  a.trigger_key AS key, a.trigger_value AS value, a.started_at AS startedAt, a.updated_at AS updatedAt,
  a.acknowledged_at AS acknowledgedAt, a.acknowledged_by AS acknowledgedBy, a.shelved_until AS shelvedUntil,
  a.cleared_at AS clearedAt, a.cleared_by AS clearedBy,
  d.name AS deviceName, d.device_type AS deviceType, p.keys AS keys`

const from = `FROM alarms a LEFT JOIN devices d ON d.id = a.device_id
  LEFT JOIN device_profiles p ON p.id = coalesce(d.profile_id,
    (SELECT id FROM device_profiles WHERE tenant_id = a.tenant_id AND is_default = 1))`

/** Newest first. */
export async function pageAlarms(
  registry: Registry,
  tenantId: TenantId,
  filter: AlarmFilter,
  limit: number,
): Promise<AlarmRow[]> {
  const where: [string, ...(string | number)[]][] = [['a.tenant_id = ?', tenantId]]
  if (filter.deviceId !== undefined) where.push(['a.device_id = ?', filter.deviceId])
  if (filter.status) where.push(['a.status = ?', filter.status])
  if (filter.severity) where.push(['a.severity IN (SELECT value FROM json_each(?))', JSON.stringify(filter.severity)])
  if (filter.acknowledged !== undefined) where.push([`a.acknowledged_at IS ${filter.acknowledged ? 'NOT' : ''} NULL`])
  if (filter.from !== undefined) where.push(['a.started_at >= ?', filter.from])
  if (filter.to !== undefined) where.push(['a.started_at <= ?', filter.to])
  if (filter.before) where.push(['(a.started_at, a.id) < (?, ?)', filter.before.startedAt, filter.before.id])
  const { results } = await registry.$client
    .prepare(
      `SELECT ${columns} ${from} WHERE ${where.map(([text]) => text).join(' AND ')}
       ORDER BY a.started_at DESC, a.id DESC LIMIT ?`,
    )
    .bind(...where.flatMap(([, ...values]) => values), limit)
    .all<AlarmRow>()
  return results
}

export async function findAlarms(registry: Registry, tenantId: TenantId, ids: readonly string[]): Promise<AlarmRow[]> {
  const { results } = await registry.$client
    .prepare(`SELECT ${columns} ${from} WHERE a.tenant_id = ?1 AND a.id IN (SELECT value FROM json_each(?2))`)
    .bind(tenantId, JSON.stringify(ids))
    .all<AlarmRow>()
  return results
}

/** Oldest first, of an alarm that is known to be the tenant's. */
export async function listAlarmEventRows(
  registry: Registry,
  tenantId: TenantId,
  alarmId: string,
): Promise<AlarmEvent[]> {
  const { results } = await registry.$client
    .prepare(
      `SELECT e.at, e.sequence, e.kind, e.detail FROM alarms a JOIN alarm_events e ON e.alarm_id = a.id
       WHERE a.tenant_id = ?1 AND a.id = ?2 ORDER BY e.sequence`,
    )
    .bind(tenantId, alarmId)
    .all<{ at: number; sequence: number; kind: AlarmEvent['kind']; detail: string }>()
  return results.map(({ at, sequence, kind, detail }) => ({ at, sequence, kind, ...JSON.parse(detail) }) as AlarmEvent)
}

const upsert = `
  INSERT INTO alarms (id, tenant_id, device_id, rule_id, rule_name, severity, status, trigger_key, trigger_value,
    started_at, updated_at, acknowledged_at, acknowledged_by, shelved_until, cleared_at, cleared_by)
  SELECT ?1, d.tenant_id, d.id, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16
  FROM devices d WHERE d.tenant_id = ?2 AND d.id = ?3
  ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, status = excluded.status,
    trigger_value = excluded.trigger_value, updated_at = excluded.updated_at,
    acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by,
    shelved_until = excluded.shelved_until, cleared_at = excluded.cleared_at, cleared_by = excluded.cleared_by`

/** An open alarm that the device's object knows nothing of would stand in the way of the one that it raised. */
const supersede = `
  UPDATE alarms SET status = 'CLEARED', cleared_at = ?1, cleared_by = 'superseded'
  WHERE tenant_id = ?2 AND device_id = ?3 AND rule_id = ?4 AND status = 'ACTIVE' AND id <> ?5`

/** One transaction, however often it is repeated. */
export async function saveAlarmChanges(
  registry: Registry,
  tenantId: TenantId,
  deviceId: DeviceId,
  changes: readonly AlarmChange[],
): Promise<void> {
  const db = registry.$client
  const statements = changes.flatMap(({ alarm, event }) => {
    const { at, sequence, kind, ...detail } = event
    return [
      ...(kind === 'raised'
        ? [db.prepare(supersede).bind(alarm.startedAt, tenantId, deviceId, alarm.ruleId, alarm.id)]
        : []),
      db
        .prepare(upsert)
        .bind(
          alarm.id,
          tenantId,
          deviceId,
          alarm.ruleId,
          alarm.ruleName,
          alarm.severity,
          alarm.status,
          alarm.key,
          JSON.stringify(alarm.value),
          alarm.startedAt,
          alarm.updatedAt,
          alarm.acknowledgedAt,
          alarm.acknowledgedBy,
          alarm.shelvedUntil,
          alarm.clearedAt,
          alarm.clearedBy,
        ),
      db
        .prepare(
          `INSERT INTO alarm_events (alarm_id, at, sequence, kind, detail)
           SELECT id, ?2, ?3, ?4, ?5 FROM alarms WHERE id = ?1 ON CONFLICT DO NOTHING`,
        )
        .bind(alarm.id, at, sequence, kind, JSON.stringify(detail)),
    ]
  })
  await db.batch(statements)
}

/** Of alarms that their device's object does not hold: those that are over, and any that it lost. */
export async function changeUnheld(
  registry: Registry,
  tenantId: TenantId,
  ids: readonly string[],
  { kind, by }: { readonly kind: 'acknowledge' | 'clear'; readonly by: string },
  now: number,
): Promise<void> {
  const db = registry.$client
  const [event, condition, changes] =
    kind === 'clear'
      ? ['cleared', "status = 'ACTIVE'", "status = 'CLEARED', cleared_at = ?3, cleared_by = ?4, updated_at = ?3"]
      : ['acknowledged', 'acknowledged_at IS NULL', 'acknowledged_at = ?3, acknowledged_by = ?4']
  const theirs = `SELECT id FROM alarms WHERE tenant_id = ?1 AND ${condition} AND id IN (SELECT value FROM json_each(?2))`
  const statements = [
    `INSERT INTO alarm_events (alarm_id, at, sequence, kind, detail)
     SELECT a.id, ?3, (SELECT coalesce(max(sequence), 0) + 1 FROM alarm_events WHERE alarm_id = a.id), '${event}',
       json_object('severity', a.severity, 'value', json(coalesce(a.trigger_value, 'null')), 'by', ?4)
     FROM alarms a WHERE a.id IN (${theirs})`,
    `UPDATE alarms SET ${changes} WHERE id IN (${theirs})`,
  ]
  await db.batch(statements.map((sql) => db.prepare(sql).bind(tenantId, JSON.stringify(ids), now, by)))
}
