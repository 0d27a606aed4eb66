import { and, asc, eq, sql } from 'drizzle-orm'
import type { AlarmRule } from '../domain/alarm/rule.ts'
import type { TenantId } from '../domain/ids.ts'
import { replaceRules } from './alarm-rules.ts'
import type { Registry } from './registry.ts'
import { alarmRules } from './schema-alarms.ts'
import { deviceProfiles, devices } from './schema-devices.ts'

export type DeviceProfileRow = typeof deviceProfiles.$inferSelect
export type DeviceProfileChanges = Partial<
  Pick<
    DeviceProfileRow,
    | 'name'
    | 'type'
    | 'description'
    | 'inactivityTimeoutMs'
    | 'retentionDays'
    | 'rollupRetentionDays'
    | 'keys'
    | 'decoder'
  >
>

export async function listProfileRows(registry: Registry, tenantId: TenantId): Promise<DeviceProfileRow[]> {
  return registry
    .select()
    .from(deviceProfiles)
    .where(eq(deviceProfiles.tenantId, tenantId))
    .orderBy(sql`${deviceProfiles.name} COLLATE NOCASE`, asc(deviceProfiles.id))
}

export async function findProfile(
  registry: Registry,
  tenantId: TenantId,
  id: string,
): Promise<DeviceProfileRow | undefined> {
  return registry
    .select()
    .from(deviceProfiles)
    .where(and(eq(deviceProfiles.tenantId, tenantId), eq(deviceProfiles.id, id)))
    .get()
}

export async function findProfileByName(
  registry: Registry,
  tenantId: TenantId,
  name: string,
): Promise<DeviceProfileRow | undefined> {
  return registry
    .select()
    .from(deviceProfiles)
    .where(and(eq(deviceProfiles.tenantId, tenantId), eq(deviceProfiles.name, name)))
    .limit(1)
    .get()
}

export async function findDefaultProfile(
  registry: Registry,
  tenantId: TenantId,
): Promise<DeviceProfileRow | undefined> {
  return registry
    .select()
    .from(deviceProfiles)
    .where(and(eq(deviceProfiles.tenantId, tenantId), eq(deviceProfiles.isDefault, true)))
    .get()
}

/** Two that make the default side by side make one. */
export async function insertProfile(
  registry: Registry,
  row: DeviceProfileRow,
  rules: readonly AlarmRule[],
): Promise<void> {
  await registry.insert(deviceProfiles).values(row).onConflictDoNothing()
  if (rules.length === 0) return
  await registry.$client.batch(replaceRules(registry, row.tenantId as TenantId, row.id, rules, row.updatedAt))
}

export async function updateProfileRow(
  registry: Registry,
  tenantId: TenantId,
  id: string,
  changes: DeviceProfileChanges,
  rules: readonly AlarmRule[] | undefined,
  now: number,
): Promise<boolean> {
  // Rules first: whoever sees the new revision sees them too.
  if (rules) await registry.$client.batch(replaceRules(registry, tenantId, id, rules, now))
  const { meta } = await registry
    .update(deviceProfiles)
    .set({ ...changes, updatedAt: sql`max(${now}, ${deviceProfiles.updatedAt} + 1)` })
    .where(and(eq(deviceProfiles.tenantId, tenantId), eq(deviceProfiles.id, id)))
  return meta.changes > 0
}

/** Its devices are left without a profile of their own. */
export async function deleteProfileRow(
  registry: Registry,
  tenantId: TenantId,
  id: string,
  now: number,
): Promise<boolean> {
  const [, , deleted] = await registry.batch([
    registry
      .update(devices)
      .set({ profileId: null, updatedAt: now })
      .where(and(eq(devices.tenantId, tenantId), eq(devices.profileId, id))),
    registry.delete(alarmRules).where(and(eq(alarmRules.tenantId, tenantId), eq(alarmRules.profileId, id))),
    registry.delete(deviceProfiles).where(and(eq(deviceProfiles.tenantId, tenantId), eq(deviceProfiles.id, id))),
  ])
  return deleted.meta.changes > 0
}
