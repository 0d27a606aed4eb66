import { AppError } from '../../domain/errors.ts'
import { may } from '../../domain/permission.ts'
import type { Role } from '../../domain/roles.ts'
import { findMember, type Member } from '../../store/memberships.ts'
import type { ServiceContext } from '../context.ts'

/** @throws AppError member_not_found */
export async function requireMember(ctx: ServiceContext, personId: string): Promise<Member> {
  const member = await findMember(ctx.registry, ctx.tenantId, personId)
  if (!member) throw new AppError('member_not_found', { detail: 'There is no such member.' })
  return member
}

/** Only owners decide over owners. @throws AppError forbidden */
export function requireMayGive(ctx: ServiceContext, ...touched: readonly Role[]): void {
  if (!touched.includes('owner') || may(ctx.principal, 'own')) return
  throw new AppError('forbidden', { detail: 'Only an owner decides over owners.' })
}

export function lastOwner(): AppError {
  return new AppError('conflict', { reason: 'last_owner', detail: 'A tenant keeps at least one owner.' })
}
