import { findResetLink, useResetLink } from '../../store/links.ts'
import type { ServiceContext } from '../context.ts'
import { sha256 } from '../secrets.ts'
import { linkNotFound } from './invitations.ts'
import { hashNewPassword } from './new-password.ts'
import { type OpenedSession, openSession } from './open-session.ts'

/** Every session that there was is over. @throws AppError link_not_found, validation_rejected (password_weak) */
export async function resetPassword({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly token: string; readonly password: string }
}): Promise<OpenedSession> {
  const hash = sha256(input.token)
  const link = await findResetLink(ctx.registry, hash, ctx.now)
  if (!link?.personId) throw linkNotFound()
  const { personId } = link
  const passwordHash = await hashNewPassword(ctx, input.password, link.email ?? '')
  const results = await ctx.registry.$client.batch(useResetLink(ctx.registry, hash, personId, passwordHash, ctx.now))
  if (results.at(-1)?.meta.changes !== 1) throw linkNotFound()
  ctx.note?.({ personId, target: personId })
  return openSession(ctx, personId)
}
