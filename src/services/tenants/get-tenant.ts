import { AppError } from '../../domain/errors.ts'
import { findTenant } from '../../store/tenants.ts'
import type { ServiceContext } from '../context.ts'

export async function getTenant({ ctx }: { readonly ctx: ServiceContext }) {
  const tenant = await findTenant(ctx.registry, ctx.tenantId)
  if (!tenant) throw new AppError('tenant_not_found', { detail: 'The tenant is gone.' })
  const { id, name, planId, createdAt, updatedAt } = tenant
  return { tenantId: id, name, plan: planId, createdAt, updatedAt }
}
