import { digestBytes } from '../../domain/digest.ts'
import type { Fault } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import type { WebhookCall } from '../../domain/webhook.ts'
import { insertInboxRow } from '../../store/webhook-inbox.ts'
import type { World } from '../context.ts'
import type { TakenWebhook } from './take-webhook.ts'

/** What did not become a reading, raw, with the reason: until it is mended and replayed, or too old. */
export async function keepInInbox(
  { registry }: World,
  tenantId: TenantId,
  call: WebhookCall,
  taken: TakenWebhook,
): Promise<void> {
  const why = whyOf(taken)
  if (!why) return
  const { body, contentType } = unreadPart(call, taken)
  const address = taken.outcomes.find(({ faults }) => faults.length > 0)?.report.address
  const row = {
    id: call.id,
    connector: call.connector,
    receivedAt: call.receivedAt,
    ...why,
    contentType,
    request: JSON.stringify({ ...call.request, ...(address?.alias !== undefined && { alias: address.alias }) }),
    body,
    devEui: address?.devEui ?? null,
  }
  await insertInboxRow(registry, tenantId, row, markOf(call, taken))
}

/** A network server sends one message again and again, and none that is equal to it; of other senders nobody knows. */
function markOf({ connector, bytes }: WebhookCall, { outcomes }: TakenWebhook): string | undefined {
  const dedupeId = outcomes.length === 1 ? outcomes[0]?.report.dedupeId : undefined
  if (dedupeId !== undefined) return `${connector}:${dedupeId}`
  return outcomes.length === 0 && connector !== 'generic' ? `${connector}:${digestBytes(bytes)}` : undefined
}

/** The first fault stands for all. */
export function whyOf({ outcomes, fault }: TakenWebhook): { reason: string; detail: string } | undefined {
  const first: Fault | undefined = fault ?? outcomes.flatMap(({ faults }) => faults)[0]
  return first && { reason: first.reason ?? first.code, detail: first.detail }
}

/** Of an array, the items that were not taken; else the body as it came. */
function unreadPart(call: WebhookCall, { outcomes }: TakenWebhook): { body: Uint8Array; contentType: string } {
  const unread = outcomes.filter(({ faults }) => faults.length > 0)
  const isPart = unread.length > 0 && unread.length < outcomes.length
  const items = unread.map(({ report }) => report.item)
  if (!isPart || !items.every((item) => item !== undefined)) {
    return { body: call.bytes, contentType: call.request.contentType }
  }
  return { body: new TextEncoder().encode(JSON.stringify(items)), contentType: 'application/json' }
}
