import { mergeTenantSettings } from '../../store/tenants.ts'
import type { ServiceContext } from '../context.ts'
import { getWebhooks } from '../webhooks/get-webhooks.ts'

/** Nothing is given to the tenant's ChirpStack any more. */
export async function forgetChirpstackApi({ ctx }: { readonly ctx: ServiceContext }): Promise<void> {
  const before = (await getWebhooks({ ctx })).downlinks.chirpstack
  await mergeTenantSettings(ctx.registry, ctx.tenantId, { chirpstack: null }, ctx.now)
  ctx.note?.({ before, after: null })
}
