import { toBase64 } from '../../codec/base64.ts'
import { decodeText } from '../../codec/json.ts'
import { findInboxRow } from '../../store/webhook-inbox.ts'
import type { ServiceContext } from '../context.ts'
import { entryNotFound, type InboxView, toInboxView } from './inbox-view.ts'
import { isBinary } from './is-binary.ts'

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

/** Undefined where it is none. */
function readText(bytes: Uint8Array): string | undefined {
  if (isBinary(bytes)) return undefined
  try {
    return decodeText(bytes)
  } catch {
    return undefined
  }
}
