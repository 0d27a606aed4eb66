import { and, asc, eq, sql } from 'drizzle-orm'
import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'
import { deviceProfiles, devices } from './schema-devices.ts'

export type DeviceProfileRow = typeof deviceProfiles.$inferSelect
export type DeviceProfileChanges = Partial<
  Pick<DeviceProfileRow, 'name' | 'type' | 'description' | 'inactivityTimeoutMs' | 'decoder'>
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
export async function insertProfile(registry: Registry, row: DeviceProfileRow): Promise<void> {
  await registry.insert(deviceProfiles).values(row).onConflictDoNothing()
}

export async function updateProfileRow(
  registry: Registry,
  tenantId: TenantId,
  id: string,
  changes: DeviceProfileChanges,
  now: number,
): Promise<boolean> {
  const { meta } = await registry
    .update(deviceProfiles)
    .set({ ...changes, updatedAt: now })
    .where(and(eq(deviceProfiles.tenantId, tenantId), eq(deviceProfiles.id, id)))
  return meta.changes > 0
}

/** Its devices are left without a profile. */
export async function deleteProfileRow(registry: Registry, tenantId: TenantId, id: string): Promise<boolean> {
  const [, deleted] = await registry.batch([
    registry
      .update(devices)
      .set({ profileId: null })
      .where(and(eq(devices.tenantId, tenantId), eq(devices.profileId, id))),
    registry.delete(deviceProfiles).where(and(eq(deviceProfiles.tenantId, tenantId), eq(deviceProfiles.id, id))),
  ])
  return deleted.meta.changes > 0
}
