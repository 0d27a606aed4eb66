import { and, eq, isNull } from 'drizzle-orm'
import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'
import { devices } from './schema-devices.ts'
import { provisionedDevices, provisioningKeys } from './schema-people.ts'
import { tenants } from './schema-tenants.ts'

export type ProvisioningKeyRow = typeof provisioningKeys.$inferSelect

/** The key with its secret is the credential: it names the tenant. */
export async function findProvisioningKey(registry: Registry, key: string): Promise<ProvisioningKeyRow | undefined> {
  const row = await registry
    .select({ key: provisioningKeys })
    .from(provisioningKeys)
    .innerJoin(tenants, and(eq(tenants.id, provisioningKeys.tenantId), isNull(tenants.suspendedAt)))
    .where(eq(provisioningKeys.key, key))
    .get()
  return row?.key
}

export async function findProfileKey(
  registry: Registry,
  tenantId: TenantId,
  profileId: string,
): Promise<ProvisioningKeyRow | undefined> {
  return registry
    .select()
    .from(provisioningKeys)
    .where(and(eq(provisioningKeys.tenantId, tenantId), eq(provisioningKeys.profileId, profileId)))
    .get()
}

/** In place of the profile's last one, which is taken no more. */
export async function replaceProvisioningKey(
  registry: Registry,
  tenantId: TenantId,
  row: Omit<ProvisioningKeyRow, 'tenantId'>,
): Promise<void> {
  const { profileId, ...set } = row
  await registry
    .insert(provisioningKeys)
    .values({ ...row, tenantId })
    .onConflictDoUpdate({ target: provisioningKeys.profileId, set, setWhere: eq(provisioningKeys.tenantId, tenantId) })
}

export async function updateProvisioningKey(
  registry: Registry,
  tenantId: TenantId,
  profileId: string,
  changes: { readonly isEnabled?: boolean | undefined; readonly allowsAgain?: boolean | undefined },
): Promise<void> {
  if (Object.values(changes).every((value) => value === undefined)) return
  await registry
    .update(provisioningKeys)
    .set(changes)
    .where(and(eq(provisioningKeys.tenantId, tenantId), eq(provisioningKeys.profileId, profileId)))
}

export async function deleteProvisioningKey(registry: Registry, tenantId: TenantId, profileId: string): Promise<void> {
  await registry
    .delete(provisioningKeys)
    .where(and(eq(provisioningKeys.tenantId, tenantId), eq(provisioningKeys.profileId, profileId)))
}

export interface EnrolledDevice {
  readonly deviceId: string
  readonly token: string
  readonly name: string
  readonly profileId: string
  readonly enrolledAt: number
}

export async function findEnrolled(
  registry: Registry,
  tenantId: TenantId,
  hardwareId: string,
): Promise<EnrolledDevice | undefined> {
  return registry
    .select({
      deviceId: devices.id,
      token: devices.token,
      name: devices.name,
      profileId: provisionedDevices.profileId,
      enrolledAt: provisionedDevices.createdAt,
    })
    .from(provisionedDevices)
    .innerJoin(devices, eq(devices.id, provisionedDevices.deviceId))
    .where(and(eq(provisionedDevices.tenantId, tenantId), eq(provisionedDevices.hardwareId, hardwareId)))
    .get()
}

/** False: another device has enrolled with this hardware id meanwhile. */
export async function enrol(
  registry: Registry,
  tenantId: TenantId,
  hardwareId: string,
  deviceId: string,
  profileId: string,
  now: number,
): Promise<boolean> {
  const { meta } = await registry
    .insert(provisionedDevices)
    .values({ tenantId, hardwareId, deviceId, profileId, createdAt: now })
    .onConflictDoNothing()
  return meta.changes > 0
}

export async function noteProvisioningUse(registry: Registry, profileId: string, now: number): Promise<void> {
  await registry.update(provisioningKeys).set({ lastUsedAt: now }).where(eq(provisioningKeys.profileId, profileId))
}
