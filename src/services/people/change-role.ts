import type { Role } from '../../domain/roles.ts'
import { type Member, updateRole } from '../../store/memberships.ts'
import type { ServiceContext } from '../context.ts'
import { lastOwner, requireMayGive, requireMember } from './require-member.ts'

/** @throws AppError member_not_found, forbidden, conflict (last_owner) */
export async function changeRole({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly personId: string; readonly role: Role }
}): Promise<Member> {
  const member = await requireMember(ctx, input.personId)
  requireMayGive(ctx, member.role, input.role)
  if (!(await updateRole(ctx.registry, ctx.tenantId, member.personId, member.role, input.role))) throw lastOwner()
  ctx.note?.({ before: { email: member.email, role: member.role }, after: { email: member.email, role: input.role } })
  return { ...member, role: input.role }
}
