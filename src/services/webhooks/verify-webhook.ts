import { AppError } from '../../domain/errors.ts'
import { parseTenantId, type TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import { log } from '../../log.ts'
import { insertAudit } from '../../store/audit-log.ts'
import { noteSecretUse } from '../../store/webhook-secrets.ts'
import { ExpiringCache } from '../devices/expiring-cache.ts'
import { constantTimeEqual, sha256 } from '../secrets.ts'
import type { WebhookContext } from './context.ts'
import { findTenantAccess, type TenantAccess } from './tenant-access.ts'

/** What a caller shows. Only hashes: they may be kept while the database is away. */
export interface WebhookCredentials {
  /** As it was sent, if at all. */
  readonly tenantId: string | undefined
  /** SHA-256 of every secret that the headers hold. */
  readonly hashes: readonly string[]
  readonly address: string
}

const secretTable = '0013_tenant_integration_secrets.sql'
const hour = 3_600_000

/**
 * The tenant that a caller speaks for. A wrong secret, a tenant that there is not and a missing header are one answer.
 * @throws AppError unauthenticated, migrations_pending
 */
export async function verifyWebhook(ctx: WebhookContext, credentials: WebhookCredentials): Promise<TenantAccess> {
  const tenantId = parseTenantId(credentials.tenantId ?? '')
  if (!tenantId || credentials.hashes.length === 0) throw refusal()
  const access = await findTenantAccess(ctx.world, tenantId, ctx.now)
  const isTenants = matches(credentials.hashes, liveHashes(access, ctx.now))
  const isGlobal = matches(credentials.hashes, globalHashes(ctx.globalSecret))
  if (access && isTenants) noteUse(ctx, tenantId)
  else if (access && isGlobal) auditGlobalUse(ctx, tenantId, credentials.address)
  else if (access && !access.hasSecrets) throw secretsMissing()
  else throw refusal()
  return access
}

/** One of no one's stands in for what is missing, so that the time tells nothing. */
function matches(given: readonly string[], wanted: readonly string[]): boolean {
  let found = false
  for (const hash of given) {
    for (const own of wanted.length > 0 ? wanted : ['none']) found = constantTimeEqual(hash, own) || found
  }
  return found
}

function liveHashes(access: TenantAccess | undefined, now: number): string[] {
  if (!access?.secret) return []
  const { hash, previousHash, previousExpiresAt } = access.secret
  return previousHash !== null && (previousExpiresAt ?? 0) > now ? [hash, previousHash] : [hash]
}

function globalHashes(secret: string | undefined): string[] {
  return secret !== undefined && secret.length >= limits.globalSecretLength ? [sha256(secret)] : []
}

function refusal(): AppError {
  const detail = 'Send the id of a tenant as ?tenantId= and its webhook secret as "X-Webhook-Secret: …".'
  return new AppError('unauthenticated', { detail })
}

export function secretsMissing(): AppError {
  const detail = `The migration ${secretTable} is not applied: npx wrangler d1 migrations apply DB --remote (with --local for a local server).`
  return new AppError('migrations_pending', { detail, retryAfter: 30 })
}

const used = new ExpiringCache<true>(limits.secretUsedMs, limits.webhookCacheEntries)

function noteUse(ctx: WebhookContext, tenantId: TenantId): void {
  if (used.get(tenantId, ctx.now)) return
  used.set(tenantId, true, ctx.now)
  ctx.background(quietly(noteSecretUse(ctx.world.registry, tenantId, ctx.now)))
}

/** The operators' secret opens every tenant: each hour, tenant and address has its line in the audit log. */
function auditGlobalUse(ctx: WebhookContext, tenantId: TenantId, address: string): void {
  const at = ctx.now - (ctx.now % hour)
  const key = `global:${tenantId}:${address}`
  if (used.get(key, ctx.now)) return
  used.set(key, true, ctx.now)
  const entry = {
    at,
    id: `global-webhook-secret:${address}`,
    actor: 'global_webhook_secret',
    address,
    action: 'webhook_called',
  }
  ctx.background(quietly(insertAudit(ctx.world.registry, tenantId, entry)))
}

/** It must not cost a reading. */
async function quietly(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    log('warn', 'webhook_use_not_noted', { error })
  }
}
