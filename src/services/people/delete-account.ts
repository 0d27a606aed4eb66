import { AppError } from '../../domain/errors.ts'
import { deletePerson } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { requirePassword } from './change-password.ts'
import { personOf } from './person-of.ts'

/** With every session and membership. @throws AppError validation_rejected, conflict (last_owner) */
export async function deleteAccount({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly password: string }
}): Promise<void> {
  const { personId, email } = personOf(ctx)
  if (!ctx.access) await requirePassword(ctx, email, input.password)
  ctx.note?.({ target: personId, after: undefined })
  if (await deletePerson(ctx.registry, personId)) return
  const detail = 'Make somebody else owner, or platform operator, first: you are the last.'
  throw new AppError('conflict', { reason: 'last_owner', detail })
}
