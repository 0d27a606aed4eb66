import { isAnyoneThere } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'

/** For a page that would offer it: nobody is there yet, and there is a way to be the first. */
export async function lookAtOnboarding({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly isLocal: boolean }
}): Promise<{ isPossible: boolean; needsToken: boolean }> {
  const needsToken = !input.isLocal
  const hasWay = !needsToken || Boolean(ctx.setupToken)
  return { isPossible: hasWay && !(await isAnyoneThere(ctx.registry)), needsToken }
}
