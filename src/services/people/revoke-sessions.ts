import { AppError } from '../../domain/errors.ts'
import { deleteSession, deleteSessions } from '../../store/sessions.ts'
import type { ServiceContext } from '../context.ts'
import { personOf } from './person-of.ts'

/** @throws AppError session_not_found, also where it is another person's */
export async function revokeSession({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<void> {
  if (await deleteSession(ctx.registry, personOf(ctx).personId, input.id)) return
  throw new AppError('session_not_found', { detail: 'There is no such session.' })
}

/** Everywhere, or everywhere else. */
export async function revokeSessions({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly keepThis: boolean }
}): Promise<void> {
  const { personId, sessionId } = personOf(ctx)
  await deleteSessions(ctx.registry, personId, input.keepThis ? sessionId : '')
}

export async function signOut({ ctx }: { readonly ctx: ServiceContext }): Promise<void> {
  const { personId, sessionId } = personOf(ctx)
  await deleteSession(ctx.registry, personId, sessionId)
}
