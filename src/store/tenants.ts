import { eq } from 'drizzle-orm'
import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'
import { plans, tenants } from './schema-tenants.ts'

export type TenantRow = typeof tenants.$inferSelect

export async function findTenant(registry: Registry, tenantId: TenantId): Promise<TenantRow | undefined> {
  return registry.select().from(tenants).where(eq(tenants.id, tenantId)).get()
}

export async function planExists(registry: Registry, planId: string): Promise<boolean> {
  return (await registry.select({ id: plans.id }).from(plans).where(eq(plans.id, planId)).get()) !== undefined
}

export interface NewTenant {
  readonly id: TenantId
  readonly name: string
  readonly planId: string
  readonly now: number
}

export interface NewApiKeyRow {
  readonly id: string
  readonly name: string
  readonly hash: string
  readonly prefix: string
  readonly lastFour: string
  readonly scopes: string
}

/**
 * The tenant and its first API key, both or neither. With `onlyFirst` nothing is made where a tenant exists,
 * however many ask at once: the condition is part of the statement.
 */
export async function insertTenant(
  registry: Registry,
  tenant: NewTenant,
  key: NewApiKeyRow,
  onlyFirst: boolean,
): Promise<boolean> {
  const db = registry.$client
  const condition = onlyFirst ? 'NOT EXISTS (SELECT 1 FROM tenants)' : 'true'
  const [made] = await db.batch([
    db
      .prepare(
        `INSERT INTO tenants (id, name, plan_id, created_at, updated_at) SELECT ?1, ?2, ?3, ?4, ?4 WHERE ${condition}`,
      )
      .bind(tenant.id, tenant.name, tenant.planId, tenant.now),
    db
      .prepare(
        `INSERT INTO api_keys (id, tenant_id, name, hash, prefix, last_four, scopes, created_at)
         SELECT ?1, id, ?3, ?4, ?5, ?6, ?7, ?8 FROM tenants WHERE id = ?2`,
      )
      .bind(key.id, tenant.id, key.name, key.hash, key.prefix, key.lastFour, key.scopes, tenant.now),
  ])
  return (made?.meta.changes ?? 0) > 0
}

/** In one statement: changes side by side of different settings lose nothing. */
export async function mergeTenantSettings(
  registry: Registry,
  tenantId: TenantId,
  settings: Readonly<Record<string, unknown>>,
  now: number,
): Promise<void> {
  await registry.$client
    .prepare('UPDATE tenants SET settings = json_patch(settings, ?2), updated_at = ?3 WHERE id = ?1')
    .bind(tenantId, JSON.stringify(settings), now)
    .run()
}
