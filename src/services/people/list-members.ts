import { listMemberRows, type Member } from '../../store/memberships.ts'
import type { ServiceContext } from '../context.ts'

export async function listMembers({ ctx }: { readonly ctx: ServiceContext }): Promise<Member[]> {
  return listMemberRows(ctx.registry, ctx.tenantId)
}
