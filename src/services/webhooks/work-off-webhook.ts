import type { TenantId } from '../../domain/ids.ts'
import type { WebhookSettings } from '../../domain/report.ts'
import type { WebhookAnswer, WebhookCall } from '../../domain/webhook.ts'
import type { WebhookContext } from './context.ts'
import { keepInInbox } from './keep-in-inbox.ts'
import { summarise, takeWebhook } from './take-webhook.ts'

/**
 * Readings, events and the inbox: every part of the call is kept somewhere before this resolves.
 * @throws AppError unavailable, migrations_pending: the call may be taken again as it is
 */
export async function workOffWebhook(
  ctx: WebhookContext,
  tenantId: TenantId,
  settings: WebhookSettings,
  call: WebhookCall,
): Promise<WebhookAnswer> {
  const taken = await takeWebhook(ctx, tenantId, settings, call)
  await keepInInbox(ctx.world, tenantId, call, taken)
  return summarise(taken)
}
