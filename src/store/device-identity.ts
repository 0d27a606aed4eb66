import type { DeviceId, TenantId } from '../domain/ids.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceIdentity, ShardSpan } from '../domain/principal.ts'
import type { Registry } from './registry.ts'

export interface IdentityRow {
  readonly id: DeviceId
  readonly tenant_id: TenantId
  readonly is_gateway: number
  readonly parent_gateway_id: DeviceId | null
  readonly timeout: number | null
  readonly per_minute: number | null
  readonly per_day: number | null
  readonly rules_revision: number | null
  readonly shards: string
}

/** As SQL, of a row of `devices` by its name there: a device without a profile follows the tenant's default one. */
export function profileIdOf(device: string): string {
  return `coalesce(${device}.profile_id,
    (SELECT id FROM device_profiles WHERE tenant_id = ${device}.tenant_id AND is_default = 1))`
}

export const joinProfile = `LEFT JOIN device_profiles p ON p.id = ${profileIdOf('d')}`

/** The columns of an identity, and more where they are asked for. */
export const selectIdentity = (more = '') => `
  SELECT ${more} d.id, d.tenant_id, d.is_gateway, d.parent_gateway_id, coalesce(d.inactivity_timeout_ms, p.inactivity_timeout_ms) AS timeout,
    plans.telemetry_per_minute AS per_minute, plans.telemetry_per_day AS per_day,
    CASE WHEN EXISTS (SELECT 1 FROM alarm_rules WHERE profile_id = p.id) THEN max(p.updated_at, d.updated_at) END AS rules_revision,
    (SELECT json_group_array(json_array(from_ts, shard)) FROM
      (SELECT from_ts, shard FROM device_shards WHERE device_id = d.id ORDER BY from_ts)) AS shards
  FROM devices d
  JOIN tenants t ON t.id = d.tenant_id AND t.suspended_at IS NULL
  JOIN plans ON plans.id = t.plan_id
  ${joinProfile}`

export function toIdentity(row: IdentityRow): DeviceIdentity {
  const quota = {
    ...(row.per_minute !== null && { perMinute: row.per_minute }),
    ...(row.per_day !== null && { perDay: row.per_day }),
  }
  const shards = (JSON.parse(row.shards) as [number, number][]).map(([fromTs, shard]): ShardSpan => ({ fromTs, shard }))
  // What came before the first row lies where a device without rows lives.
  if (shards[0] && shards[0].fromTs > 0) shards.unshift({ fromTs: 0, shard: 0 })
  return {
    tenantId: row.tenant_id,
    deviceId: row.id,
    isGateway: row.is_gateway === 1,
    ...(row.parent_gateway_id && { parentGatewayId: row.parent_gateway_id }),
    inactivityTimeoutMs: row.timeout ?? limits.inactivityTimeoutMs,
    shards,
    ...(Object.keys(quota).length > 0 && { quota }),
    ...(row.rules_revision !== null && { rulesRevision: row.rules_revision }),
  }
}

/** The token is the credential: it names the tenant. */
export async function findIdentityByToken(registry: Registry, token: string): Promise<DeviceIdentity | undefined> {
  const row = await registry.$client.prepare(`${selectIdentity()} WHERE d.token = ?1`).bind(token).first<IdentityRow>()
  return row ? toIdentity(row) : undefined
}

/** The children of this gateway among the ids. */
export async function findChildIdentities(
  registry: Registry,
  tenantId: TenantId,
  gatewayId: DeviceId,
  ids: readonly DeviceId[],
): Promise<Map<DeviceId, DeviceIdentity>> {
  const { results } = await registry.$client
    .prepare(
      `${selectIdentity()} WHERE d.tenant_id = ?1 AND d.parent_gateway_id = ?2 AND d.id IN (SELECT value FROM json_each(?3))`,
    )
    .bind(tenantId, gatewayId, JSON.stringify(ids))
    .all<IdentityRow>()
  return new Map(results.map((row) => [row.id, toIdentity(row)]))
}

/** The tenant's own devices among the ids; a stranger's is absent. */
export async function findDeviceIdentities(
  registry: Registry,
  tenantId: TenantId,
  ids: readonly DeviceId[],
): Promise<Map<DeviceId, DeviceIdentity>> {
  const { results } = await registry.$client
    .prepare(`${selectIdentity()} WHERE d.tenant_id = ?1 AND d.id IN (SELECT value FROM json_each(?2))`)
    .bind(tenantId, JSON.stringify(ids))
    .all<IdentityRow>()
  return new Map(results.map((row) => [row.id, toIdentity(row)]))
}

/** The children of this gateway with these names; of several with one name, the one that was there first. */
export async function findChildIdsByName(
  registry: Registry,
  tenantId: TenantId,
  gatewayId: DeviceId,
  names: readonly string[],
): Promise<Map<string, DeviceId>> {
  const { results } = await registry.$client
    .prepare(
      `SELECT id, name FROM devices WHERE tenant_id = ?1 AND parent_gateway_id = ?2
        AND name IN (SELECT value FROM json_each(?3)) ORDER BY created_at DESC, id DESC`,
    )
    .bind(tenantId, gatewayId, JSON.stringify(names))
    .all<{ id: DeviceId; name: string }>()
  return new Map(results.map(({ id, name }) => [name, id]))
}
