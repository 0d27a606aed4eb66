import { AppError } from '../../domain/errors.ts'
import { newTenantId } from '../../domain/ids.ts'
import { insertFirstPerson, isAnyoneThere } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { hashNewPassword } from './new-password.ts'
import { type OpenedSession, openSession } from './open-session.ts'

export interface OnboardInput {
  readonly email: string
  readonly password: string
  readonly name?: string | undefined
  readonly tenantName: string
}

/**
 * The first person owns the first tenant and operates the platform; there is one, however many ask at once.
 * @throws AppError conflict (already_set_up), validation_rejected (password_weak)
 */
export async function onboard({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: OnboardInput
}): Promise<OpenedSession> {
  if (await isAnyoneThere(ctx.registry)) throw alreadySetUp()
  const passwordHash = await hashNewPassword(ctx, input.password, input.email)
  const id = crypto.randomUUID()
  const person = { id, email: input.email, name: input.name ?? null, passwordHash, now: ctx.now }
  const statements = insertFirstPerson(ctx.registry, person, { id: newTenantId(), name: input.tenantName })
  const [, made] = await ctx.registry.$client.batch(statements)
  if (!made || made.meta.changes === 0) throw alreadySetUp()
  ctx.note?.({ personId: id, target: id })
  return openSession(ctx, id)
}

function alreadySetUp(): AppError {
  return new AppError('conflict', { reason: 'already_set_up', detail: 'Somebody is there already; sign in.' })
}
