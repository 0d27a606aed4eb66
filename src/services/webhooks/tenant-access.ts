import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { WebhookSettings } from '../../domain/report.ts'
import { isMigrationMissing } from '../../store/d1-faults.ts'
import { findTenant } from '../../store/tenants.ts'
import { findWebhookSecret, type WebhookSecretRow } from '../../store/webhook-secrets.ts'
import type { World } from '../context.ts'
import { ExpiringCache } from '../devices/expiring-cache.ts'
import { readWebhookSettings } from './webhook-settings.ts'

/** Who may speak for a tenant by webhook, and how it wants to be spoken for. */
export interface TenantAccess {
  readonly tenantId: TenantId
  readonly settings: WebhookSettings
  /** Undefined: none was made. */
  readonly secret: WebhookSecretRow | undefined
  /** False: the table of secrets is not there yet. */
  readonly hasSecrets: boolean
}

let known = newCache()

function newCache() {
  return new ExpiringCache<TenantAccess>(limits.webhookCacheMs, limits.webhookCacheEntries)
}

/** From the isolate's memory for less than 30 s, else from the registry. Undefined: no such tenant, or it is suspended. */
export async function findTenantAccess(
  world: Pick<World, 'registry'>,
  tenantId: TenantId,
  now: number,
): Promise<TenantAccess | undefined> {
  const cached = known.get(tenantId, now)
  if (cached) return cached
  const cache = known
  const [tenant, secrets] = await Promise.all([findTenant(world.registry, tenantId), loadSecret(world, tenantId)])
  if (!tenant || tenant.suspendedAt !== null) return undefined
  const access = { tenantId, settings: readWebhookSettings(tenant.settings), ...secrets }
  cache.set(tenantId, access, now)
  return access
}

async function loadSecret({ registry }: Pick<World, 'registry'>, tenantId: TenantId) {
  try {
    return { secret: await findWebhookSecret(registry, tenantId), hasSecrets: true }
  } catch (error) {
    if (isMigrationMissing(error)) return { secret: undefined, hasSecrets: false }
    throw error
  }
}

/** This isolate asks anew: a secret or a setting changed. A look-up that began before is not remembered. */
export function forgetTenantAccess(): void {
  known = newCache()
}
