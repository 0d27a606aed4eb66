import { AppError } from '../../domain/errors.ts'
import { readTarget } from '../../domain/outgoing-target.ts'
import { mergeTenantSettings } from '../../store/tenants.ts'
import type { ServiceContext } from '../context.ts'
import { getWebhooks, type WebhooksView } from '../webhooks/get-webhooks.ts'
import type { ChirpstackApi } from './downlink-settings.ts'
import { canSeal, keyOwner, seal, sealingSecretMissing } from './seal.ts'

/** Where the tenant's ChirpStack takes downlinks. The key is kept sealed. @throws AppError validation_rejected, not_offered */
export async function setChirpstackApi({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly apiUrl: string; readonly apiKey: string }
}): Promise<WebhooksView> {
  const { registry, tenantId, sealingSecret, allowsLoopback = false, now } = ctx
  const target = readTarget(input.apiUrl, allowsLoopback)
  if ('refusal' in target) {
    const detail = `apiUrl is the https address of the REST API (chirpstack-rest-api). ${target.refusal}`
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail })
  }
  if (!canSeal(sealingSecret)) throw sealingSecretMissing()
  const key = await seal(sealingSecret, keyOwner(tenantId), input.apiKey)
  const { origin, pathname } = target.url
  const chirpstack: ChirpstackApi = {
    apiUrl: origin + pathname.replace(/\/+$/, ''),
    key,
    lastFour: input.apiKey.slice(-4),
    setAt: now,
  }
  const before = (await getWebhooks({ ctx })).downlinks.chirpstack
  await mergeTenantSettings(registry, tenantId, { chirpstack }, now)
  const view = await getWebhooks({ ctx })
  ctx.note?.({ before, after: view.downlinks.chirpstack })
  return view
}
