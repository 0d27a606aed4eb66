import { insertAudit } from '../../store/audit-log.ts'
import { mergeTenantSettings } from '../../store/tenants.ts'
import type { ServiceContext } from '../context.ts'
import { actorOf } from '../webhooks/actor.ts'

/** Nothing is given to the tenant's ChirpStack any more. */
export async function forgetChirpstackApi({ ctx }: { readonly ctx: ServiceContext }): Promise<void> {
  const { registry, tenantId, now } = ctx
  await mergeTenantSettings(registry, tenantId, { chirpstack: null }, now)
  const action = 'chirpstack_api_removed'
  await insertAudit(registry, tenantId, { at: now, id: crypto.randomUUID(), actor: actorOf(ctx), action })
}
