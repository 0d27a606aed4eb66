import { and, desc, eq, isNull, sql } from 'drizzle-orm'
import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'
import { apiKeys, tenants } from './schema-tenants.ts'
import type { NewApiKeyRow } from './tenants.ts'

export type ApiKeyRow = typeof apiKeys.$inferSelect

/** The hash is the credential: it names the tenant. */
export async function findLiveApiKey(registry: Registry, hash: string, now: number): Promise<ApiKeyRow | undefined> {
  const row = await registry
    .select({ key: apiKeys })
    .from(apiKeys)
    .innerJoin(tenants, and(eq(tenants.id, apiKeys.tenantId), isNull(tenants.suspendedAt)))
    .where(and(eq(apiKeys.hash, hash), isNull(apiKeys.revokedAt)))
    .get()
  return row && (row.key.expiresAt === null || row.key.expiresAt > now) ? row.key : undefined
}

export async function listApiKeyRows(registry: Registry, tenantId: TenantId): Promise<ApiKeyRow[]> {
  return registry.select().from(apiKeys).where(eq(apiKeys.tenantId, tenantId)).orderBy(desc(apiKeys.createdAt))
}

/** False: there are so many already. */
export async function insertApiKey(
  registry: Registry,
  tenantId: TenantId,
  key: NewApiKeyRow & { readonly expiresAt: number | null; readonly deviceIds: string | null },
  most: number,
  now: number,
): Promise<boolean> {
  const { meta } = await registry.$client
    .prepare(
      `INSERT INTO api_keys (id, tenant_id, name, hash, prefix, last_four, scopes, device_ids, created_at, expires_at)
       SELECT ?2, ?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
       WHERE (SELECT count(*) FROM api_keys WHERE tenant_id = ?1 AND revoked_at IS NULL) < ?11`,
    )
    .bind(
      tenantId,
      key.id,
      key.name,
      key.hash,
      key.prefix,
      key.lastFour,
      key.scopes,
      key.deviceIds,
      now,
      key.expiresAt,
      most,
    )
    .run()
  return meta.changes > 0
}

export async function noteApiKeyUse(registry: Registry, id: string, now: number): Promise<void> {
  await registry.update(apiKeys).set({ lastUsedAt: now }).where(eq(apiKeys.id, id))
}

/** A person, or a key that is not kept to some devices, who could make another key. */
const isAdminLeft = (now: number) => sql`(
  EXISTS (SELECT 1 FROM memberships m WHERE m.tenant_id = api_keys.tenant_id AND m.role IN ('owner', 'admin'))
  OR EXISTS (SELECT 1 FROM api_keys k WHERE k.tenant_id = api_keys.tenant_id AND k.id <> api_keys.id
    AND k.revoked_at IS NULL AND k.device_ids IS NULL AND ' ' || k.scopes || ' ' LIKE '% admin %'
    AND (k.expires_at IS NULL OR k.expires_at > ${now})))`

/** Undefined: there is no such key, or nobody would be left who could make one. Two that revoke each other: one stays. */
export async function revokeApiKeyRow(
  registry: Registry,
  tenantId: TenantId,
  id: string,
  now: number,
): Promise<ApiKeyRow | undefined> {
  return registry
    .update(apiKeys)
    .set({ revokedAt: now })
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt), isAdminLeft(now)))
    .returning()
    .get()
}

export async function isLiveApiKey(registry: Registry, tenantId: TenantId, id: string): Promise<boolean> {
  const row = await registry
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
    .get()
  return row !== undefined
}
