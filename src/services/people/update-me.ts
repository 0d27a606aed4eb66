import { renamePerson } from '../../store/people.ts'
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
  await renamePerson(ctx.registry, personOf(ctx).personId, input.name, ctx.now)
  return getMe({ ctx })
}
