import { toBase64 } from '../../codec/base64.ts'
import { decodeText } from '../../codec/json.ts'
import { findInboxRow } from '../../store/webhook-inbox.ts'
import type { ServiceContext } from '../context.ts'
import { entryNotFound, type InboxView, toInboxView } from './inbox-view.ts'

/** `body` where it is text, `raw` (base64) where it is not. */
export type InboxEntry = InboxView & { readonly body?: string; readonly raw?: string }

/** @throws AppError inbox_entry_not_found */
export async function getInboxEntry({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<InboxEntry> {
  const row = await findInboxRow(ctx.registry, ctx.tenantId, input.id)
  if (!row) throw entryNotFound()
  const { body, ...head } = row
  const view = toInboxView({ ...head, bytes: body.length })
  const text = readText(body)
  return text === undefined ? { ...view, raw: toBase64(body) } : { ...view, body: text }
}

/** Undefined where it is none: not UTF-8, or with characters that no text has. */
function readText(bytes: Uint8Array): string | undefined {
  if (bytes.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return undefined
  try {
    return decodeText(bytes)
  } catch {
    return undefined
  }
}
