import { AppError } from '../../domain/errors.ts'
import { changePassword as changeStored } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { checkPassword } from './check-password.ts'
import { hashNewPassword } from './new-password.ts'
import { personOf } from './person-of.ts'

/** Every other session and reset link of the person is over. @throws AppError validation_rejected, quota_exceeded */
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
  await changeStored(ctx.registry, personId, hash, sessionId, ctx.now)
  ctx.note?.({ target: personId, before: { email }, after: { email } })
}

/** @throws AppError validation_rejected (password_wrong), quota_exceeded */
export async function requirePassword(ctx: ServiceContext, email: string, password: string): Promise<void> {
  if (await checkPassword(ctx, email, password)) return
  throw new AppError('validation_rejected', { reason: 'password_wrong', detail: 'The password is wrong.' })
}
