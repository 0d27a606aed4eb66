import type { AlarmRule, DeviceRules } from '../domain/alarm/rule.ts'
import type { DeviceId, TenantId } from '../domain/ids.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import { type IdentityRow, selectIdentity, toIdentity } from './device-identity.ts'
import type { Registry } from './registry.ts'

/** Profile → its rules in their order; of all the tenant's profiles where none is named. */
export async function listRules(
  registry: Registry,
  tenantId: TenantId,
  profileIds: readonly string[],
): Promise<Map<string, AlarmRule[]>> {
  const { results } = await registry.$client
    .prepare(
      `SELECT profile_id, rule FROM alarm_rules
       WHERE tenant_id = ?1 AND profile_id IN (SELECT value FROM json_each(?2)) ORDER BY profile_id, position`,
    )
    .bind(tenantId, JSON.stringify(profileIds))
    .all<{ profile_id: string; rule: string }>()
  const found = new Map<string, AlarmRule[]>()
  for (const { profile_id, rule } of results) {
    const rules = found.get(profile_id) ?? []
    rules.push(JSON.parse(rule) as AlarmRule)
    found.set(profile_id, rules)
  }
  return found
}

/** The profile has these rules and no others. Nothing happens where it is not the tenant's. */
export function replaceRules(
  registry: Registry,
  tenantId: TenantId,
  profileId: string,
  rules: readonly AlarmRule[],
  now: number,
): D1PreparedStatement[] {
  const db = registry.$client
  const json = JSON.stringify(rules.map((rule, i) => [rule.ruleId, i, JSON.stringify(rule)]))
  return [
    db
      .prepare(
        `DELETE FROM alarm_rules WHERE tenant_id = ?1 AND profile_id = ?2
          AND rule_id NOT IN (SELECT value ->> 0 FROM json_each(?3))`,
      )
      .bind(tenantId, profileId, json),
    db
      .prepare(
        `INSERT INTO alarm_rules (tenant_id, profile_id, rule_id, position, rule, updated_at)
         SELECT p.tenant_id, p.id, j.value ->> 0, j.value ->> 1, j.value ->> 2, ?4
         FROM device_profiles p, json_each(?3) j WHERE p.tenant_id = ?1 AND p.id = ?2
         ON CONFLICT (profile_id, rule_id) DO UPDATE SET
           position = excluded.position, rule = excluded.rule, updated_at = excluded.updated_at`,
      )
      .bind(tenantId, profileId, json, now),
  ]
}

/** What holds for a device now; undefined: the tenant has no such device. */
export async function loadDeviceRules(
  registry: Registry,
  tenantId: TenantId,
  deviceId: DeviceId,
): Promise<(DeviceRules & { readonly device: DeviceIdentity }) | undefined> {
  const more = `max(coalesce(p.updated_at, 0), d.updated_at) AS revision, (SELECT json_group_array(json(rule)) FROM
    (SELECT rule FROM alarm_rules WHERE profile_id = p.id ORDER BY position)) AS rules,`
  const row = await registry.$client
    .prepare(`${selectIdentity(more)} WHERE d.tenant_id = ?1 AND d.id = ?2`)
    .bind(tenantId, deviceId)
    .first<IdentityRow & { readonly revision: number; readonly rules: string }>()
  if (!row) return undefined
  const rules = (JSON.parse(row.rules) as AlarmRule[]).filter(({ enabled }) => enabled)
  return { revision: row.revision, rules, device: toIdentity(row) }
}
