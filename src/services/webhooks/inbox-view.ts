import { AppError } from '../../domain/errors.ts'
import type { WebhookCall, WebhookRequest } from '../../domain/webhook.ts'
import type { InboxHead, InboxRow } from '../../store/webhook-inbox.ts'

export interface InboxView {
  readonly id: string
  readonly connector: string
  readonly receivedAt: number
  readonly reason: string
  readonly detail: string
  readonly devEui: string | null
  readonly contentType: string
  readonly query: Readonly<Record<string, string>>
  readonly bytes: number
  readonly replayedAt: number | null
}

export function toInboxView({ request, contentType, ...row }: InboxHead): InboxView {
  const { id, connector, receivedAt, reason, detail, devEui, bytes, replayedAt } = row
  const { query, contentType: asked } = JSON.parse(request) as WebhookRequest
  const type = contentType ?? asked
  return { id, connector, receivedAt, reason, detail, devEui, contentType: type, query, bytes, replayedAt }
}

/** The call as it came, to be taken as it would have been taken then. */
export function toCall({ id, connector, receivedAt, request, contentType, body }: InboxRow): WebhookCall {
  const asked = JSON.parse(request) as WebhookRequest
  const meant = { ...asked, contentType: contentType ?? asked.contentType }
  return { id, connector, receivedAt, request: meant, bytes: body, isParked: true, isReplay: true }
}

export const entryNotFound = () => new AppError('inbox_entry_not_found', { detail: 'There is no such entry.' })
