import type { Role, TenantPermission } from '../../domain/roles.ts'
import { permissionsOfRole } from '../../domain/roles.ts'
import { findPerson, listTenantsOf, type TenantOfPerson } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { personOf } from './person-of.ts'

export interface Me {
  readonly personId: string
  readonly email: string
  readonly name: string | null
  readonly hasPassword: boolean
  readonly isOperator: boolean
  readonly tenantId: string | null
  readonly role: Role | null
  readonly permissions: readonly TenantPermission[]
  readonly tenants: readonly TenantOfPerson[]
}

/** Who is signed in, where, and what may be done there. */
export async function getMe({ ctx }: { readonly ctx: ServiceContext }): Promise<Me> {
  const { personId, email, isOperator, role } = personOf(ctx)
  const [person, tenants] = await Promise.all([
    findPerson(ctx.registry, personId),
    listTenantsOf(ctx.registry, personId),
  ])
  return {
    personId,
    email,
    name: person?.name ?? null,
    hasPassword: person?.passwordHash != null,
    isOperator,
    tenantId: ctx.tenantId || null,
    role: role ?? null,
    permissions: role ? permissionsOfRole[role] : [],
    tenants,
  }
}
