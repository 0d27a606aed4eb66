import { AppError } from '../../domain/errors.ts'
import { setPassword } from '../../store/people.ts'
import { deleteSessions } from '../../store/sessions.ts'
import type { ServiceContext } from '../context.ts'
import { checkPassword } from './check-password.ts'
import { hashNewPassword } from './new-password.ts'
import { personOf } from './person-of.ts'

/** Every other session of the person is over. @throws AppError validation_rejected, quota_exceeded */
export async function changePassword({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly current: string; readonly password: string }
}): Promise<void> {
  const { personId, email, sessionId } = personOf(ctx)
  await requirePassword(ctx, email, input.current)
  const hash = await hashNewPassword(ctx, input.password, email)
  await setPassword(ctx.registry, personId, hash, ctx.now)
  await deleteSessions(ctx.registry, personId, sessionId)
  ctx.note?.({ target: personId, after: undefined })
}

/** @throws AppError validation_rejected (password_wrong), quota_exceeded */
export async function requirePassword(ctx: ServiceContext, email: string, password: string): Promise<void> {
  if (await checkPassword(ctx, email, password)) return
  throw new AppError('validation_rejected', { reason: 'password_wrong', detail: 'The password is wrong.' })
}
