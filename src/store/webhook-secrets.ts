import { eq } from 'drizzle-orm'
import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'
import { tenantIntegrationSecrets } from './schema-tenants.ts'

export type WebhookSecretRow = typeof tenantIntegrationSecrets.$inferSelect

export async function findWebhookSecret(registry: Registry, tenantId: TenantId): Promise<WebhookSecretRow | undefined> {
  return registry.select().from(tenantIntegrationSecrets).where(eq(tenantIntegrationSecrets.tenantId, tenantId)).get()
}

/** The new secret; the one before it is taken until then. True: there was one. */
export async function replaceWebhookSecret(
  registry: Registry,
  tenantId: TenantId,
  secret: { readonly hash: string; readonly lastFour: string },
  previousUntil: number,
  now: number,
): Promise<boolean> {
  const row = await registry.$client
    .prepare(
      `INSERT INTO tenant_integration_secrets (tenant_id, hash, last_four, created_at) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (tenant_id) DO UPDATE SET
         previous_hash = hash, previous_expires_at = ?5, hash = excluded.hash, last_four = excluded.last_four,
         created_at = excluded.created_at, last_used_at = NULL
       RETURNING previous_hash IS NOT NULL AS had`,
    )
    .bind(tenantId, secret.hash, secret.lastFour, now, previousUntil)
    .first<{ had: number }>()
  return row?.had === 1
}

export async function deleteWebhookSecret(registry: Registry, tenantId: TenantId): Promise<boolean> {
  const { meta } = await registry
    .delete(tenantIntegrationSecrets)
    .where(eq(tenantIntegrationSecrets.tenantId, tenantId))
  return meta.changes > 0
}

/** The new secret alone is taken from now on. */
export async function deletePreviousSecret(registry: Registry, tenantId: TenantId): Promise<void> {
  await registry
    .update(tenantIntegrationSecrets)
    .set({ previousHash: null, previousExpiresAt: null })
    .where(eq(tenantIntegrationSecrets.tenantId, tenantId))
}

export async function noteSecretUse(registry: Registry, tenantId: TenantId, now: number): Promise<void> {
  await registry
    .update(tenantIntegrationSecrets)
    .set({ lastUsedAt: now })
    .where(eq(tenantIntegrationSecrets.tenantId, tenantId))
}
