import { AppError } from '../../domain/errors.ts'
import { parseTenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { DownlinkTarget } from '../../domain/network-route.ts'
import type { WebhookAnswer, WebhookCall } from '../../domain/webhook.ts'
import { canSeal, keyOwner, seal } from '../downlinks/seal.ts'
import { toAppError } from '../to-app-error.ts'
import type { WebhookContext } from './context.ts'
import { readTenants, verifyCall } from './verify-call.ts'
import type { WebhookCredentials } from './verify-webhook.ts'
import { workOffWebhook } from './work-off-webhook.ts'

type Outcome = { readonly answer: WebhookAnswer } | { readonly error: AppError } | 'late'

/**
 * Takes a call while its sender waits. A network server sends once: where the database does not answer in time, the
 * body is kept in a lane's own storage and worked off later.
 * @throws AppError unauthenticated, payload_malformed (tenant_mismatch), migrations_pending, unavailable (nothing keeps it)
 */
export async function answerWebhook({
  ctx,
  input,
}: {
  readonly ctx: WebhookContext
  readonly input: {
    readonly call: WebhookCall
    readonly credentials: WebhookCredentials
    /** Where the server says that it takes downlinks. */
    readonly target: DownlinkTarget | undefined
  }
}): Promise<WebhookAnswer> {
  const tenants = readTenants(input.call, input.credentials)
  const call = await withTarget(ctx.world, input.call, tenants.credentials.tenantId, input.target)
  let isVerified = false

  const work = async (): Promise<WebhookAnswer> => {
    const { tenantId, settings } = await verifyCall(ctx, tenants)
    isVerified = true
    return workOffWebhook(ctx, tenantId, settings, call)
  }
  const outcome = await within(limits.webhookPatienceMs, work(), ctx.background)
  if (outcome !== 'late' && 'answer' in outcome) return outcome.answer
  if (outcome !== 'late' && !mayYetSucceed(outcome.error)) throw outcome.error
  return park(ctx, call, tenants.credentials, isVerified)
}

/** Sealed before the call is kept anywhere: in the inbox, in a lane, with its device. */
async function withTarget(
  { sealingSecret }: WebhookContext['world'],
  call: WebhookCall,
  tenant: string | undefined,
  target: DownlinkTarget | undefined,
): Promise<WebhookCall> {
  const tenantId = parseTenantId(tenant ?? '')
  if (!target || !tenantId) return call
  const key = canSeal(sealingSecret) ? await seal(sealingSecret, keyOwner(tenantId), target.key) : null
  return { ...call, request: { ...call.request, downlink: { ...target, key } } }
}

/** A fault of ours that nobody foresaw must not cost a reading either. */
function mayYetSucceed({ code }: AppError): boolean {
  return code === 'unavailable' || code === 'internal'
}

/** What is late goes on: it may yet succeed, and what is taken twice is stored once. */
async function within(ms: number, work: Promise<WebhookAnswer>, goOn: WebhookContext['background']): Promise<Outcome> {
  const settled = work.then(
    (answer): Outcome => ({ answer }),
    (thrown: unknown): Outcome => ({ error: toAppError(thrown) }),
  )
  goOn(settled)
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms)
  })
  try {
    return await Promise.race([settled, late])
  } finally {
    clearTimeout(timer)
  }
}

async function park(
  { world }: WebhookContext,
  call: WebhookCall,
  { tenantId: text, hashes }: WebhookCredentials,
  isVerified: boolean,
): Promise<WebhookAnswer> {
  const tenantId = parseTenantId(text ?? '')
  const isKept =
    tenantId &&
    hashes.length > 0 &&
    (await world.platform.parking(tenantId).park({ tenantId, call, hashes, isVerified }))
  if (!isKept) throw new AppError('unavailable', { detail: 'The service cannot take the body now.', retryAfter: 5 })
  const detail = 'The body is kept, and is worked off as soon as the database answers.'
  return { success: true, accepted: 0, parked: true, detail }
}
