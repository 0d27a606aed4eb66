import { listPlans as listRows } from '../../store/platform.ts'
import type { World } from '../context.ts'

export async function listPlans({ ctx }: { readonly ctx: World }) {
  return listRows(ctx.registry)
}
