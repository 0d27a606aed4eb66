import { AppError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import { deleteMember, findMember } from '../../store/memberships.ts'
import type { ServiceContext } from '../context.ts'
import { personOf } from './person-of.ts'
import { lastOwner, requireMayGive, requireMember } from './require-member.ts'

/** Sessions that work in the tenant may do nothing there from now on. @throws AppError as with a role */
export async function removeMember({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly personId: string }
}): Promise<void> {
  const { personId, email, role } = await requireMember(ctx, input.personId)
  requireMayGive(ctx, role)
  if (!(await deleteMember(ctx.registry, ctx.tenantId, personId, role))) throw lastOwner()
  ctx.note?.({ before: { email, role }, after: null })
}

/** Out of one of the person's own tenants. @throws AppError tenant_not_found, conflict (last_owner) */
export async function leaveTenant({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly tenantId: string }
}): Promise<void> {
  const { personId, email } = personOf(ctx)
  const tenantId = input.tenantId.toLowerCase() as TenantId
  const member = await findMember(ctx.registry, tenantId, personId)
  if (!member) throw new AppError('tenant_not_found', { detail: 'You are a member of no such tenant.' })
  if (!(await deleteMember(ctx.registry, tenantId, personId, member.role))) throw lastOwner()
  ctx.note?.({ logs: [tenantId], target: personId, before: { email, role: member.role } })
}
