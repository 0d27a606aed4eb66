import { AppError } from '../../domain/errors.ts'
import { moveSession } from '../../store/sessions.ts'
import type { ServiceContext } from '../context.ts'
import { personOf } from './person-of.ts'

/** This session works in another of the person's tenants from now on. @throws AppError tenant_not_found */
export async function switchTenant({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly tenantId: string }
}): Promise<void> {
  const { personId, sessionId } = personOf(ctx)
  if (await moveSession(ctx.registry, sessionId, personId, input.tenantId.toLowerCase())) return
  throw new AppError('tenant_not_found', { detail: 'You are a member of no such tenant.' })
}
