import { AppError } from '../../domain/errors.ts'
import { deleteInvitation, findInvitation, listOpenInvitations } from '../../store/links.ts'
import { findPersonByEmail } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { sha256 } from '../secrets.ts'

export async function listInvitations({ ctx }: { readonly ctx: ServiceContext }) {
  return listOpenInvitations(ctx.registry, ctx.tenantId, ctx.now)
}

/** @throws AppError link_not_found */
export async function withdrawInvitation({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<void> {
  const before = await deleteInvitation(ctx.registry, ctx.tenantId, input.id)
  if (!before) throw linkNotFound()
  ctx.note?.({ before })
}

/** What its holder is invited to. @throws AppError link_not_found */
export async function lookAtInvitation({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly token: string }
}) {
  const invitation = await findInvitation(ctx.registry, sha256(input.token), ctx.now)
  if (!invitation) throw linkNotFound()
  const { email, role, tenantName } = invitation
  return { email, role, tenantName, hasAccount: (await findPersonByEmail(ctx.registry, email)) !== undefined }
}

export function linkNotFound(): AppError {
  return new AppError('link_not_found', { detail: 'There is no such link, or it was used or is over.' })
}
