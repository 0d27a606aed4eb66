import { and, eq, getTableColumns, isNull, type SQL, sql } from 'drizzle-orm'
import type { DeviceId, TenantId } from '../domain/ids.ts'
import { profileIdOf } from './device-identity.ts'
import type { Registry } from './registry.ts'
import { devices } from './schema-devices.ts'

export type DeviceRow = typeof devices.$inferSelect

/** A device with what it has of its profile: one without a profile follows the tenant's default one. */
export interface FoundDevice extends DeviceRow {
  readonly profileTimeoutMs: number | null
}

// The outer table by its name: a select of one table writes drizzle's columns without it, and inside the inner SELECT
// "tenant_id" would be the profile's own.
const profileTimeoutMs = sql<number | null>`(SELECT p.inactivity_timeout_ms FROM device_profiles p
  WHERE p.id = ${sql.raw(profileIdOf('devices'))})`
const withProfile = { ...getTableColumns(devices), profileTimeoutMs }

export interface DeviceFilter {
  /** None but these. */
  readonly ids?: readonly string[] | undefined
  readonly search?: string | undefined
  readonly deviceType?: string | undefined
  readonly gateway?: boolean | undefined
  readonly parentGatewayId?: string | undefined
}

function conditions(tenantId: TenantId, filter: DeviceFilter): SQL[] {
  const found: SQL[] = [eq(devices.tenantId, tenantId)]
  if (filter.deviceType !== undefined) found.push(eq(devices.deviceType, filter.deviceType))
  if (filter.gateway !== undefined) found.push(eq(devices.isGateway, filter.gateway))
  if (filter.parentGatewayId !== undefined)
    found.push(eq(devices.parentGatewayId, filter.parentGatewayId.toLowerCase()))
  if (filter.ids) found.push(sql`${devices.id} IN (SELECT value FROM json_each(${JSON.stringify(filter.ids)}))`)
  if (filter.search) found.push(matches(filter.search))
  return found
}

/**
 * instr, not LIKE: D1 takes LIKE patterns of 50 bytes at most. SQLite's lower() knows ASCII only; other
 * letters are tried in both cases.
 */
function matches(search: string): SQL {
  const columns = [devices.name, devices.label, devices.id, devices.devEui]
  const parts = [...new Set([search.toLowerCase(), search.toUpperCase()])].flatMap((needle) =>
    columns.map((column) => sql`instr(lower(${column}), lower(${needle}))`),
  )
  const digits = search.replace(/[\s:.-]/g, '').toLowerCase()
  if (/^[0-9a-f]+$/.test(digits)) parts.push(sql`instr(${devices.devEui}, ${digits})`)
  return sql`(${sql.join(parts, sql` OR `)})`
}

/** By name (case-insensitive), then id: a walk along the index. */
export interface NameOrder {
  readonly after?: { readonly name: string; readonly id: string } | undefined
  readonly descending: boolean
}

function inNameOrder({ after, descending }: NameOrder): { where: SQL[]; orderBy: SQL[] } {
  const name = sql`${devices.name} COLLATE NOCASE`
  const direction = descending ? sql`DESC` : sql`ASC`
  const beyond = descending ? sql`<` : sql`>`
  return {
    where: after ? [sql`(${name}, ${devices.id}) ${beyond} (${after.name}, ${after.id})`] : [],
    orderBy: [sql`${name} ${direction}`, sql`${devices.id} ${direction}`],
  }
}

export async function pageDevicesByName(
  registry: Registry,
  tenantId: TenantId,
  filter: DeviceFilter,
  order: NameOrder,
  limit: number,
): Promise<FoundDevice[]> {
  const { where, orderBy } = inNameOrder(order)
  return registry
    .select(withProfile)
    .from(devices)
    .where(and(...conditions(tenantId, filter), ...where))
    .orderBy(...orderBy)
    .limit(limit)
}

export type DeviceKey = Pick<FoundDevice, 'id' | 'name' | 'inactivityTimeoutMs' | 'profileTimeoutMs'>

/** All that a filter leaves, without a page: for what the registry cannot order or filter by. */
export async function listDeviceKeys(
  registry: Registry,
  tenantId: TenantId,
  filter: DeviceFilter,
  order: NameOrder,
): Promise<DeviceKey[]> {
  const { where, orderBy } = inNameOrder(order)
  return registry
    .select({ id: devices.id, name: devices.name, inactivityTimeoutMs: devices.inactivityTimeoutMs, profileTimeoutMs })
    .from(devices)
    .where(and(...conditions(tenantId, filter), ...where))
    .orderBy(...orderBy)
}

export async function findDevices(
  registry: Registry,
  tenantId: TenantId,
  ids: readonly string[],
): Promise<FoundDevice[]> {
  return registry
    .select(withProfile)
    .from(devices)
    .where(
      and(eq(devices.tenantId, tenantId), sql`${devices.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`),
    )
}

export async function findDevice(registry: Registry, tenantId: TenantId, id: string): Promise<FoundDevice | undefined> {
  return registry
    .select(withProfile)
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
         dev_eui, inactivity_timeout_ms, created_at, updated_at, profile_id, retention_days)
       SELECT ?3, ?1, ?4, ?5, ?6, ?7, ?8, ?2, ?3, ?9, ?10, ?11, ?11, ?12, ?13 WHERE ${parentHolds} AND ${planHolds}`,
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
      row.profileId,
      row.retentionDays,
    )
    .run()
  return meta.changes > 0
}

/** What of a device can be changed; undefined is left as it is. */
export type DeviceChanges = {
  readonly [Field in
    | 'name'
    | 'deviceType'
    | 'label'
    | 'isGateway'
    | 'parentGatewayId'
    | 'devEui'
    | 'inactivityTimeoutMs'
    | 'retentionDays'
    | 'profileId']?: DeviceRow[Field] | undefined
}

/**
 * Writes only what changes, if the rules of gateways hold at the moment of the write, so that changes side by
 * side neither undo each other nor break a rule together. False where one does not hold or there is no device.
 */
export async function updateDeviceRow(
  registry: Registry,
  tenantId: TenantId,
  id: string,
  changes: DeviceChanges,
  now: number,
): Promise<boolean> {
  const { isGateway, parentGatewayId: parent } = changes
  const where = [eq(devices.tenantId, tenantId), eq(devices.id, id)]
  if (parent) {
    where.push(
      sql`${parent} <> ${id} AND EXISTS (SELECT 1 FROM devices p WHERE p.id = ${parent} AND p.tenant_id = ${tenantId} AND p.is_gateway = 1)`,
    )
    if (isGateway === undefined) where.push(eq(devices.isGateway, false))
  }
  if (isGateway === true && parent === undefined) where.push(isNull(devices.parentGatewayId))
  if (isGateway === false) where.push(sql`NOT EXISTS (SELECT 1 FROM devices c WHERE c.parent_gateway_id = ${id})`)
  const { meta } = await registry
    .update(devices)
    .set({ ...changes, updatedAt: now })
    .where(and(...where))
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
