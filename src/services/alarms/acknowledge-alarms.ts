import { findAlarms } from '../../store/alarms.ts'
import type { ServiceContext } from '../context.ts'
import { act } from './act-on-alarm.ts'

/** Those of the tenant among the ids; strangers' are not there. */
export async function acknowledgeAlarms({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly ids: readonly string[] }
}): Promise<{ acknowledged: number; missing: string[] }> {
  const rows = await findAlarms(ctx.registry, ctx.tenantId, input.ids)
  await Promise.all(rows.map((row) => act(ctx, row, { kind: 'acknowledge' })))
  const found = new Set(rows.map(({ id }) => id))
  return { acknowledged: rows.length, missing: input.ids.filter((id) => !found.has(id)) }
}
