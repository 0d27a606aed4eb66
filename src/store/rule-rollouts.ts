import type { DeviceId, TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'

export interface Rollout {
  readonly profileId: string
  readonly tenantId: TenantId
  readonly afterDeviceId: string
}

/** From the first device on, also where one is under way. */
export async function startRollout(
  registry: Registry,
  tenantId: TenantId,
  profileId: string,
  now: number,
): Promise<void> {
  await registry.$client
    .prepare(
      `INSERT INTO rule_rollouts (profile_id, tenant_id, after_device_id, started_at) VALUES (?1, ?2, '', ?3)
       ON CONFLICT (profile_id) DO UPDATE SET after_device_id = '', started_at = excluded.started_at`,
    )
    .bind(profileId, tenantId, now)
    .run()
}

/** The one that waits for longest, and the next of its devices; none of them: it is over. */
export async function nextRollout(
  registry: Registry,
  count: number,
): Promise<{ rollout: Rollout; deviceIds: DeviceId[] } | undefined> {
  const db = registry.$client
  const rollout = await db
    .prepare(
      `SELECT profile_id AS profileId, tenant_id AS tenantId, after_device_id AS afterDeviceId
       FROM rule_rollouts ORDER BY started_at LIMIT 1`,
    )
    .first<Rollout>()
  if (!rollout) return undefined
  const deviceIds = await profileDevices(registry, rollout.tenantId, rollout.profileId, rollout.afterDeviceId, count)
  return { rollout, deviceIds }
}

/** Those that follow the profile, by id: its own, and of the default one those without a profile. */
export async function profileDevices(
  registry: Registry,
  tenantId: TenantId,
  profileId: string,
  after: string,
  count: number,
): Promise<DeviceId[]> {
  const { results } = await registry.$client
    .prepare(
      `SELECT d.id FROM device_profiles p JOIN devices d ON d.tenant_id = p.tenant_id
         AND (d.profile_id = p.id OR (p.is_default = 1 AND d.profile_id IS NULL))
       WHERE p.tenant_id = ?1 AND p.id = ?2 AND d.id > ?3 ORDER BY d.id LIMIT ?4`,
    )
    .bind(tenantId, profileId, after, count)
    .all<{ id: DeviceId }>()
  return results.map(({ id }) => id)
}

/** Goes on after this device, when others had their turn; undefined: it is over. Started anew meanwhile, it stays. */
export async function moveRollout(
  registry: Registry,
  { profileId, afterDeviceId }: Rollout,
  to: string | undefined,
  now: number,
): Promise<void> {
  const statement =
    to === undefined
      ? 'DELETE FROM rule_rollouts WHERE profile_id = ?1 AND after_device_id = ?2'
      : 'UPDATE rule_rollouts SET after_device_id = ?3, started_at = ?4 WHERE profile_id = ?1 AND after_device_id = ?2'
  await registry.$client
    .prepare(statement)
    .bind(profileId, afterDeviceId, ...(to === undefined ? [] : [to, now]))
    .run()
}
