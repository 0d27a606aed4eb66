import { parseDevEui } from '../../domain/ids.ts'
import { type InboxFilter, listInboxRows } from '../../store/webhook-inbox.ts'
import type { ServiceContext } from '../context.ts'
import { type InboxView, toInboxView } from './inbox-view.ts'

/** Newest first; without what was replayed with success, unless `all`. */
export async function listInbox({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: InboxFilter & { readonly limit: number }
}): Promise<{ readonly items: InboxView[]; readonly nextBefore: string | null }> {
  const { limit, devEui, ...filter } = input
  const eui = devEui === undefined ? undefined : (parseDevEui(devEui) ?? devEui)
  const rows = await listInboxRows(ctx.registry, ctx.tenantId, { ...filter, devEui: eui }, limit + 1)
  const items = rows.slice(0, limit).map(toInboxView)
  return { items, nextBefore: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}
