import { limits } from '../../domain/limits.ts'
import type { PipelineContext } from '../../pipeline/context.ts'
import { findTenant } from '../../store/tenants.ts'
import {
  findInboxRow,
  type InboxFilter,
  type InboxRow,
  listInboxRows,
  markReplayed,
  updateInboxReason,
} from '../../store/webhook-inbox.ts'
import type { ServiceContext } from '../context.ts'
import type { WebhookContext } from './context.ts'
import { entryNotFound, toCall } from './inbox-view.ts'
import { whyOf } from './keep-in-inbox.ts'
import { takeWebhook } from './take-webhook.ts'
import { readWebhookSettings } from './webhook-settings.ts'

export interface Replayed {
  readonly id: string
  readonly accepted: number
  /** Whether all of it was taken: the entry is done. */
  readonly isDone: boolean
  readonly reason?: string
  readonly detail?: string
}

/** @throws AppError inbox_entry_not_found, unavailable */
export async function replayEntry({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly pipeline: PipelineContext }
}): Promise<Replayed> {
  const row = await findInboxRow(ctx.registry, ctx.tenantId, input.id)
  if (!row) throw entryNotFound()
  return replayRow(ctx, input.pipeline, row)
}

/** Those that the filter leaves, oldest of the newest last; `isMore`: there are further ones. */
export async function replayInbox({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly filter: InboxFilter; readonly pipeline: PipelineContext }
}): Promise<{ readonly items: readonly Replayed[]; readonly isMore: boolean }> {
  const heads = await listInboxRows(ctx.registry, ctx.tenantId, input.filter, limits.inboxBulk + 1)
  const items: Replayed[] = []
  for (const { id } of heads.slice(0, limits.inboxBulk)) {
    items.push(await replayEntry({ ctx, input: { id, pipeline: input.pipeline } }))
  }
  return { items, isMore: heads.length > limits.inboxBulk }
}

/**
 * As if it came now, but at its own time: stored once however often it is replayed. A device that is still unknown
 * is not made by a replay.
 */
async function replayRow(ctx: ServiceContext, pipeline: PipelineContext, row: InboxRow): Promise<Replayed> {
  const { registry, tenantId, now } = ctx
  const tenant = await findTenant(registry, tenantId)
  const settings = { ...readWebhookSettings(tenant?.settings ?? '{}'), unknownDevices: 'list' as const }
  const webhook: WebhookContext = { world: ctx, pipeline, globalSecret: undefined, now, background: ctx.background }
  const taken = await takeWebhook(webhook, tenantId, settings, toCall(row))
  const accepted = taken.outcomes.reduce((sum, outcome) => sum + outcome.accepted, 0)
  const why = whyOf(taken)
  if (why) await updateInboxReason(registry, tenantId, row.id, why)
  else await markReplayed(registry, tenantId, row.id, now)
  return { id: row.id, accepted, isDone: why === undefined, ...why }
}
