import { deleteInboxRow } from '../../store/webhook-inbox.ts'
import type { ServiceContext } from '../context.ts'
import { entryNotFound } from './inbox-view.ts'

/** @throws AppError inbox_entry_not_found */
export async function deleteInboxEntry({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<void> {
  if (!(await deleteInboxRow(ctx.registry, ctx.tenantId, input.id))) throw entryNotFound()
}
