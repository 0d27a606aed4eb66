import { deletePreviousSecret, deleteWebhookSecret } from '../../store/webhook-secrets.ts'
import type { ServiceContext } from '../context.ts'
import { secretFacts, translatingMissing } from './rotate-secret.ts'
import { forgetTenantAccess } from './tenant-access.ts'

/** Nobody speaks by it any more, in other isolates within 30 s. `previous`: only the one that was rotated away. */
export async function revokeSecret({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly which: 'all' | 'previous' }
}): Promise<void> {
  const { registry, tenantId } = ctx
  const before = await secretFacts(ctx)
  await translatingMissing(async () => {
    if (input.which === 'all') await deleteWebhookSecret(registry, tenantId)
    else await deletePreviousSecret(registry, tenantId)
  })
  forgetTenantAccess()
  const action = input.which === 'all' ? 'webhook_secret_revoked' : 'previous_webhook_secret_revoked'
  ctx.note?.({ action, before, after: await secretFacts(ctx) })
}
