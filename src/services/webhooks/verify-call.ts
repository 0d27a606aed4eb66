import { AppError } from '../../domain/errors.ts'
import type { WebhookCall } from '../../domain/webhook.ts'
import type { WebhookContext } from './context.ts'
import { tenantsNamed, webhookConnector } from './take-webhook.ts'
import type { TenantAccess } from './tenant-access.ts'
import { verifyWebhook, type WebhookCredentials } from './verify-webhook.ts'

/** Credentials with the tenant that the body names, where the query names none, and all that it names. */
export function readTenants(
  call: WebhookCall,
  credentials: WebhookCredentials,
): { readonly credentials: WebhookCredentials; readonly named: readonly string[] } {
  const named = tenantsNamed(webhookConnector(call.connector), call)
  return { credentials: { ...credentials, tenantId: credentials.tenantId ?? named[0] }, named }
}

/** The tenant that a call is of. @throws AppError unauthenticated, payload_malformed (tenant_mismatch), migrations_pending */
export async function verifyCall(
  ctx: WebhookContext,
  { credentials, named }: ReturnType<typeof readTenants>,
): Promise<TenantAccess> {
  const access = await verifyWebhook(ctx, credentials)
  if (named.every((name) => name === access.tenantId)) return access
  const detail = 'The tenantId of the query and that of the body differ.'
  throw new AppError('payload_malformed', { reason: 'tenant_mismatch', detail })
}
