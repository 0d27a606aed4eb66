import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { DeviceId, TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'
import { devices } from './schema.ts'

export type DeviceRow = typeof devices.$inferSelect

export interface DeviceFilter {
  readonly search?: string | undefined
  readonly deviceType?: string | undefined
  readonly gateway?: boolean | undefined
  readonly parentGatewayId?: string | undefined
}

/** instr, not LIKE: D1 takes LIKE patterns of 50 bytes at most. */
function conditions(tenantId: TenantId, filter: DeviceFilter): SQL[] {
  const found: SQL[] = [eq(devices.tenantId, tenantId)]
  if (filter.deviceType !== undefined) found.push(eq(devices.deviceType, filter.deviceType))
  if (filter.gateway !== undefined) found.push(eq(devices.isGateway, filter.gateway))
  if (filter.parentGatewayId !== undefined) found.push(eq(devices.parentGatewayId, filter.parentGatewayId))
  if (filter.search !== undefined && filter.search !== '') {
    const needle = filter.search.toLowerCase()
    found.push(sql`(instr(lower(${devices.name}), ${needle}) OR instr(lower(coalesce(${devices.label}, '')), ${needle})
      OR instr(${devices.id}, ${needle}) OR instr(coalesce(${devices.devEui}, ''), ${needle}))`)
  }
  return found
}

export interface NamePage {
  readonly after?: { readonly name: string; readonly id: string } | undefined
  readonly descending: boolean
  readonly limit: number
}

/** One page by name (case-insensitive), then id: a keyset walk along the index. */
export async function pageDevicesByName(
  registry: Registry,
  tenantId: TenantId,
  filter: DeviceFilter,
  { after, descending, limit }: NamePage,
): Promise<DeviceRow[]> {
  const where = conditions(tenantId, filter)
  const name = sql`${devices.name} COLLATE NOCASE`
  if (after) where.push(sql`(${name}, ${devices.id}) ${descending ? sql`<` : sql`>`} (${after.name}, ${after.id})`)
  const direction = descending ? sql`DESC` : sql`ASC`
  return registry
    .select()
    .from(devices)
    .where(and(...where))
    .orderBy(sql`${name} ${direction}`, sql`${devices.id} ${direction}`)
    .limit(limit)
}

/** The ids that a filter leaves, for orders that the registry does not know. */
export async function listDeviceIds(
  registry: Registry,
  tenantId: TenantId,
  filter: DeviceFilter,
): Promise<{ id: string; inactivityTimeoutMs: number | null }[]> {
  return registry
    .select({ id: devices.id, inactivityTimeoutMs: devices.inactivityTimeoutMs })
    .from(devices)
    .where(and(...conditions(tenantId, filter)))
}

export async function findDevices(
  registry: Registry,
  tenantId: TenantId,
  ids: readonly string[],
): Promise<DeviceRow[]> {
  return registry
    .select()
    .from(devices)
    .where(
      and(eq(devices.tenantId, tenantId), sql`${devices.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`),
    )
}

export async function findDevice(registry: Registry, tenantId: TenantId, id: string): Promise<DeviceRow | undefined> {
  return registry
    .select()
    .from(devices)
    .where(and(eq(devices.tenantId, tenantId), eq(devices.id, id)))
    .get()
}

export async function countChildren(registry: Registry, tenantId: TenantId, gatewayId: string): Promise<number> {
  return registry.$count(devices, and(eq(devices.tenantId, tenantId), eq(devices.parentGatewayId, gatewayId)))
}

export async function listDeviceTypes(registry: Registry, tenantId: TenantId): Promise<string[]> {
  const rows = await registry
    .selectDistinct({ type: devices.deviceType })
    .from(devices)
    .where(eq(devices.tenantId, tenantId))
    .orderBy(devices.deviceType)
  return rows.map(({ type }) => type)
}

/** The parent must be a gateway of the tenant at the moment of the write. */
const parentHolds = `
  (?2 IS NULL OR EXISTS (SELECT 1 FROM devices WHERE id = ?2 AND tenant_id = ?1 AND is_gateway = 1))`
const planHolds = `
  (SELECT count(*) FROM devices WHERE tenant_id = ?1) <
    coalesce((SELECT max_devices FROM plans JOIN tenants ON plans.id = plan_id WHERE tenants.id = ?1), 9e15)`

/**
 * Writes the device if its parent is a gateway and the plan has room: the conditions are part of the statement,
 * so they hold however many ask at once. False where one does not hold; unique columns throw.
 */
export async function insertDevice(registry: Registry, row: DeviceRow): Promise<boolean> {
  const { meta } = await registry.$client
    .prepare(
      `INSERT INTO devices (id, tenant_id, name, device_type, label, token, is_gateway, parent_gateway_id, external_id,
         dev_eui, inactivity_timeout_ms, created_at, updated_at)
       SELECT ?3, ?1, ?4, ?5, ?6, ?7, ?8, ?2, ?3, ?9, ?10, ?11, ?11 WHERE ${parentHolds} AND ${planHolds}`,
    )
    .bind(
      row.tenantId,
      row.parentGatewayId,
      row.id,
      row.name,
      row.deviceType,
      row.label,
      row.token,
      row.isGateway ? 1 : 0,
      row.devEui,
      row.inactivityTimeoutMs,
      row.createdAt,
    )
    .run()
  return meta.changes > 0
}

/** Writes what changed, where the parent still is a gateway and a gateway with children stays one. */
export async function updateDeviceRow(registry: Registry, row: DeviceRow): Promise<boolean> {
  const { meta } = await registry.$client
    .prepare(
      `UPDATE devices SET name = ?4, device_type = ?5, label = ?6, is_gateway = ?7, parent_gateway_id = ?2, dev_eui = ?8,
         inactivity_timeout_ms = ?9, updated_at = ?10
       WHERE id = ?3 AND tenant_id = ?1 AND ${parentHolds} AND (?2 IS NULL OR ?2 <> ?3)
         AND (?7 = 1 OR NOT EXISTS (SELECT 1 FROM devices WHERE parent_gateway_id = ?3))`,
    )
    .bind(
      row.tenantId,
      row.parentGatewayId,
      row.id,
      row.name,
      row.deviceType,
      row.label,
      row.isGateway ? 1 : 0,
      row.devEui,
      row.inactivityTimeoutMs,
      row.updatedAt,
    )
    .run()
  return meta.changes > 0
}

export async function replaceToken(
  registry: Registry,
  tenantId: TenantId,
  id: string,
  token: string,
  now: number,
): Promise<boolean> {
  const { meta } = await registry
    .update(devices)
    .set({ token, updatedAt: now })
    .where(and(eq(devices.tenantId, tenantId), eq(devices.id, id)))
  return meta.changes > 0
}

/** The row becomes a tombstone; children lose their parent. Readings are the sweeper's. */
export async function deleteDeviceRow(
  registry: Registry,
  tenantId: TenantId,
  id: DeviceId,
  now: number,
): Promise<void> {
  const db = registry.$client
  await db.batch([
    db
      .prepare(
        `INSERT INTO device_tombstones (device_id, tenant_id, deleted_at)
         SELECT id, tenant_id, ?3 FROM devices WHERE id = ?2 AND tenant_id = ?1 ON CONFLICT DO NOTHING`,
      )
      .bind(tenantId, id, now),
    db
      .prepare('UPDATE devices SET parent_gateway_id = NULL WHERE parent_gateway_id = ?2 AND tenant_id = ?1')
      .bind(tenantId, id),
    db.prepare('DELETE FROM attributes WHERE device_id = ?2 AND tenant_id = ?1').bind(tenantId, id),
    db.prepare('DELETE FROM devices WHERE id = ?2 AND tenant_id = ?1').bind(tenantId, id),
  ])
}

/** Which unique column a failed write ran into. */
export function uniqueViolation(error: unknown): 'dev_eui' | 'token' | undefined {
  const message =
    error instanceof Error ? `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}` : ''
  if (!message.includes('UNIQUE constraint failed')) return undefined
  return message.includes('dev_eui') ? 'dev_eui' : 'token'
}
