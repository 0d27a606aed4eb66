import type { WebhookSettings } from '../../domain/report.ts'
import { mergeTenantSettings } from '../../store/tenants.ts'
import type { ServiceContext } from '../context.ts'
import { getWebhooks, type WebhooksView } from './get-webhooks.ts'
import { forgetTenantAccess } from './tenant-access.ts'

/** What is named changes; isolates go by it within 30 s. */
export async function updateWebhookSettings({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly [Name in keyof WebhookSettings]?: WebhookSettings[Name] | undefined }
}): Promise<WebhooksView> {
  const before = (await getWebhooks({ ctx })).settings
  await mergeTenantSettings(ctx.registry, ctx.tenantId, { webhooks: input }, ctx.now)
  forgetTenantAccess()
  const view = await getWebhooks({ ctx })
  ctx.note?.({ before, after: view.settings })
  return view
}
