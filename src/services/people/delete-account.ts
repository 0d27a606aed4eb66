import { AppError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import { deletePerson, listTenantsOf } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { requirePassword } from './change-password.ts'
import { personOf } from './person-of.ts'

/** The platform's own log. */
const noTenant = '' as TenantId

/** With every session and membership; each tenant's log says who went. @throws AppError validation_rejected, conflict (last_owner) */
export async function deleteAccount({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly password: string }
}): Promise<void> {
  const { personId, email } = personOf(ctx)
  if (!ctx.access) await requirePassword(ctx, email, input.password)
  const tenants = await listTenantsOf(ctx.registry, personId)
  const logs = tenants.map(({ tenantId }) => tenantId as TenantId)
  ctx.note?.({ logs: [noTenant, ...logs], target: personId, before: { email }, after: undefined })
  if (await deletePerson(ctx.registry, personId)) return
  const detail = 'Make somebody else owner, or platform operator, first: you are the last.'
  throw new AppError('conflict', { reason: 'last_owner', detail })
}
