import { AppError } from '../../domain/errors.ts'
import { findPerson, findPersonByEmail, listOperators as listRows, setOperator } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'

export async function listOperators({ ctx }: { readonly ctx: ServiceContext }) {
  return listRows(ctx.registry)
}

/** Somebody who has an account. @throws AppError member_not_found */
export async function addOperator({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly email: string }
}) {
  const person = await findPersonByEmail(ctx.registry, input.email)
  if (!person || !(await setOperator(ctx.registry, person.id, true, ctx.now))) throw nobody()
  const { email } = person
  ctx.note?.({
    target: person.id,
    before: { email, isOperator: person.isOperator },
    after: { email, isOperator: true },
  })
  return { personId: person.id, email: person.email, name: person.name }
}

/** @throws AppError member_not_found, conflict (last_platform_operator) */
export async function removeOperator({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly personId: string }
}): Promise<void> {
  const person = await findPerson(ctx.registry, input.personId)
  if (!person?.isOperator) throw nobody()
  if (!(await setOperator(ctx.registry, person.id, false, ctx.now))) {
    const detail = 'The platform keeps at least one operator.'
    throw new AppError('conflict', { reason: 'last_platform_operator', detail })
  }
  const { email } = person
  ctx.note?.({ before: { email, isOperator: true }, after: { email, isOperator: false } })
}

function nobody(): AppError {
  return new AppError('member_not_found', { detail: 'There is no such person.' })
}
