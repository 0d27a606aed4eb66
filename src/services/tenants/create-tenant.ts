import { AppError } from '../../domain/errors.ts'
import { newTenantId, type TenantId } from '../../domain/ids.ts'
import { insertTenant, planExists } from '../../store/tenants.ts'
import { newApiKey } from '../api-keys/new-api-key.ts'
import type { ServiceContext } from '../context.ts'

export interface CreateTenantInput {
  readonly name: string
  readonly plan?: string | undefined
  /** Refused where a tenant exists already. */
  readonly onlyFirst: boolean
}

/**
 * A tenant with its first admin key, which is shown this once.
 * @throws AppError conflict (already_set_up), validation_rejected (an unknown plan)
 */
export async function createTenant({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: CreateTenantInput
}): Promise<{ tenantId: TenantId; apiKey: string }> {
  const planId = input.plan ?? 'default'
  if (planId !== 'default' && !(await planExists(ctx.registry, planId))) {
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail: 'There is no such plan.' })
  }
  const tenantId = newTenantId()
  const { secret, row } = newApiKey('First key', ['admin'])
  const made = await insertTenant(
    ctx.registry,
    { id: tenantId, name: input.name, planId, now: ctx.now },
    row,
    input.onlyFirst,
  )
  if (!made) throw new AppError('conflict', { reason: 'already_set_up', detail: 'A tenant exists already.' })
  ctx.note?.({ tenantId, target: tenantId, after: { name: input.name, plan: planId } })
  return { tenantId, apiKey: secret }
}
