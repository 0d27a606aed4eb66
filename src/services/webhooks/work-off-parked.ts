import { isPassing } from '../../domain/errors.ts'
import { log } from '../../log.ts'
import type { ParkedWebhook } from '../ports.ts'
import { toAppError } from '../to-app-error.ts'
import type { WebhookContext } from './context.ts'
import { findTenantAccess } from './tenant-access.ts'
import { readTenants, verifyCall } from './verify-call.ts'
import { workOffWebhook } from './work-off-webhook.ts'

/** A call that was kept. False: the database is still away. What may not be taken is dropped, as it would have been refused. */
export async function workOffParked(ctx: WebhookContext, parked: ParkedWebhook): Promise<boolean> {
  const { tenantId, call } = parked
  try {
    const access = await accessOf(ctx, parked)
    if (access) await workOffWebhook(ctx, tenantId, access.settings, call)
    return true
  } catch (thrown) {
    const error = toAppError(thrown)
    if (error.code === 'internal') throw thrown
    if (isPassing(error.code)) return false
    log('info', 'parked_webhook_refused', { connector: call.connector, code: error.code })
    return true
  }
}

async function accessOf(ctx: WebhookContext, { tenantId, call, hashes, isVerified }: ParkedWebhook) {
  if (isVerified) return findTenantAccess(ctx.world, tenantId, ctx.now)
  return verifyCall(ctx, readTenants(call, { tenantId, hashes, address: 'parked' }))
}
