import { asc, eq } from 'drizzle-orm'
import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'
import { plans, tenants } from './schema-tenants.ts'

export async function listPlans(registry: Registry) {
  return registry.select().from(plans).orderBy(asc(plans.maxDevices), asc(plans.id))
}

export interface TenantUsage {
  readonly tenantId: string
  readonly name: string
  readonly plan: string
  readonly suspendedAt: number | null
  readonly createdAt: number
  readonly devices: number
  readonly members: number
  readonly apiKeys: number
  /** Of a tenant whose plan has a quota, today. */
  readonly readingsToday: number | null
}

const usage = `
  SELECT t.id AS tenantId, t.name, t.plan_id AS plan, t.suspended_at AS suspendedAt, t.created_at AS createdAt,
    (SELECT count(*) FROM devices WHERE tenant_id = t.id) AS devices,
    (SELECT count(*) FROM memberships WHERE tenant_id = t.id) AS members,
    (SELECT count(*) FROM api_keys WHERE tenant_id = t.id AND revoked_at IS NULL) AS apiKeys,
    (SELECT readings FROM tenant_usage WHERE tenant_id = t.id AND "window" = ?1) AS readingsToday
  FROM tenants t`

const today = (now: number) => `day:${now - (now % 86_400_000)}`

/** By id, from after a place on: a walk along the primary key. */
export async function pageTenants(
  registry: Registry,
  now: number,
  search: string | undefined,
  after: string | undefined,
  limit: number,
): Promise<TenantUsage[]> {
  const { results } = await registry.$client
    .prepare(
      `${usage} WHERE t.id > ?2 AND (?3 IS NULL OR instr(lower(t.name), lower(?3)) > 0 OR t.id = ?3) ORDER BY t.id LIMIT ?4`,
    )
    .bind(today(now), after ?? '', search ?? null, limit)
    .all<TenantUsage>()
  return results
}

export async function findTenantUsage(
  registry: Registry,
  tenantId: TenantId,
  now: number,
): Promise<TenantUsage | undefined> {
  const row = await registry.$client.prepare(`${usage} WHERE t.id = ?2`).bind(today(now), tenantId).first<TenantUsage>()
  return row ?? undefined
}

export interface TenantChanges {
  readonly name?: string | undefined
  readonly planId?: string | undefined
  /** Null: it is suspended no more. */
  readonly suspendedAt?: number | null | undefined
}

export async function updateTenantRow(
  registry: Registry,
  tenantId: TenantId,
  changes: TenantChanges,
  now: number,
): Promise<boolean> {
  const { meta } = await registry
    .update(tenants)
    .set({ ...changes, updatedAt: now })
    .where(eq(tenants.id, tenantId))
  return meta.changes > 0
}

export async function insertEmptyTenant(
  registry: Registry,
  tenant: { readonly id: TenantId; readonly name: string; readonly planId: string },
  now: number,
): Promise<void> {
  await registry.insert(tenants).values({ ...tenant, createdAt: now, updatedAt: now })
}
