import { findPerson, renamePerson } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { getMe, type Me } from './get-me.ts'
import { personOf } from './person-of.ts'

export async function updateMe({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly name: string | null }
}): Promise<Me> {
  const { personId } = personOf(ctx)
  const before = await findPerson(ctx.registry, personId)
  await renamePerson(ctx.registry, personId, input.name, ctx.now)
  ctx.note?.({ target: personId, before: before && { name: before.name }, after: { name: input.name } })
  return getMe({ ctx })
}
