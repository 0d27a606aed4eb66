import { and, desc, eq, isNull } from 'drizzle-orm'
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

export async function insertApiKey(
  registry: Registry,
  tenantId: TenantId,
  key: NewApiKeyRow & { readonly expiresAt: number | null },
  now: number,
): Promise<void> {
  await registry.insert(apiKeys).values({ ...key, tenantId, createdAt: now })
}

export async function revokeApiKeyRow(
  registry: Registry,
  tenantId: TenantId,
  id: string,
  now: number,
): Promise<boolean> {
  const { meta } = await registry
    .update(apiKeys)
    .set({ revokedAt: now })
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
  return meta.changes > 0
}
