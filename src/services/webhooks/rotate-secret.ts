import { limits } from '../../domain/limits.ts'
import { isMigrationMissing } from '../../store/d1-faults.ts'
import { findWebhookSecret, replaceWebhookSecret } from '../../store/webhook-secrets.ts'
import type { ServiceContext } from '../context.ts'
import { newSecret, sha256 } from '../secrets.ts'
import { forgetTenantAccess } from './tenant-access.ts'
import { secretsMissing } from './verify-webhook.ts'

export interface NewWebhookSecret {
  /** Shown this once. */
  readonly secret: string
  readonly lastFour: string
  readonly createdAt: number
  /** The secret before it is taken until then. */
  readonly previousExpiresAt: number | null
}

/** A first secret, or a new one beside which the last is taken for a day. @throws AppError migrations_pending */
export async function rotateSecret({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  /** `revokePrevious`: the last one dies at once. */
  readonly input: { readonly revokePrevious: boolean }
}): Promise<NewWebhookSecret> {
  const secret = newSecret('whs_')
  const lastFour = secret.slice(-4)
  const until = input.revokePrevious ? ctx.now : ctx.now + limits.webhookSecretOverlapMs
  const old = await secretFacts(ctx)
  const before = await translatingMissing(() =>
    replaceWebhookSecret(ctx.registry, ctx.tenantId, { hash: sha256(secret), lastFour }, until, ctx.now),
  )
  forgetTenantAccess()
  ctx.note?.({ action: 'webhook_secret_rotated', target: lastFour, before: old, after: await secretFacts(ctx) })
  return { secret, lastFour, createdAt: ctx.now, previousExpiresAt: before ? until : null }
}

/** What the audit log says of the secret: which it is, never what it is. */
export async function secretFacts({ registry, tenantId }: ServiceContext) {
  const row = await translatingMissing(() => findWebhookSecret(registry, tenantId))
  if (!row) return null
  const { lastFour, createdAt, previousExpiresAt } = row
  return { lastFour, createdAt, previousExpiresAt }
}

/** The operators' runbook names this migration. */
export async function translatingMissing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isMigrationMissing(error)) throw secretsMissing()
    throw error
  }
}
