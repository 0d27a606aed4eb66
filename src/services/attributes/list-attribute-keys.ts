import { limits } from '../../domain/limits.ts'
import { listAttributeKeys as readKeys } from '../../store/attributes.ts'
import type { ServiceContext } from '../context.ts'

/** Keys that any of the tenant's devices has, in any scope. */
export async function listAttributeKeys({ ctx }: { readonly ctx: ServiceContext }): Promise<{ key: string }[]> {
  const keys = await readKeys(ctx.registry, ctx.tenantId, limits.keysListed)
  return keys.map((key) => ({ key }))
}
