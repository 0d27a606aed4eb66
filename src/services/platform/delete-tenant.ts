import { AppError } from '../../domain/errors.ts'
import { parseTenantId, type TenantId } from '../../domain/ids.ts'
import { countHistory } from '../../store/tenant-history.ts'
import { countTenantRows, deleteTenantRows, listTenantTables, pageTenantRows } from '../../store/tenant-tables.ts'
import type { ServiceContext } from '../context.ts'
import { forgetTenantAccess } from '../webhooks/tenant-access.ts'
import { requireTenant } from './tenants.ts'

/**
 * Its rows are gone with the answer, its readings soon after: `remains` tells. The platform's own log keeps what went.
 * @throws AppError tenant_not_found, validation_rejected where the name is not the tenant's
 */
export async function deleteTenant({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly name: string }
}): Promise<{ deleted: Record<string, number> }> {
  const tenant = await requireTenant(ctx, input.id)
  if (tenant.name !== input.name) {
    const detail = 'Say the name of the tenant, so that it is this one that goes.'
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail })
  }
  const tables = await listTenantTables(ctx.registry)
  // Before: what D1 counts of a deletion holds the rows that went with others.
  const deleted = await countTenantRows(ctx.registry, tenant.id, tables)
  await deleteTenantRows(ctx.registry, tenant.id, tables, ctx.now)
  forgetTenantAccess()
  ctx.note?.({ target: tenant.id, before: { name: tenant.name, plan: tenant.plan }, after: deleted })
  return { deleted }
}

/** What is still there of a tenant, by table: the proof that it is gone is that all of it is 0. */
export async function countRemains({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<{ isGone: boolean; remains: Record<string, number> }> {
  const tenantId = (parseTenantId(input.id) ?? '') as TenantId
  const tables = await listTenantTables(ctx.registry)
  const rows = await countTenantRows(ctx.registry, tenantId, tables)
  const ids = await Promise.all(['devices', 'device_tombstones'].map((name) => deviceIds(ctx, tenantId, name, tables)))
  const history = await Promise.all(ctx.telemetry.all.map((db) => countHistory(db, tenantId, ids.flat())))
  const remains = {
    ...rows,
    device_state: history.reduce((sum, { states }) => sum + states, 0),
    telemetry: history.reduce((sum, { readings }) => sum + readings, 0),
  }
  return { isGone: Object.values(remains).every((count) => count === 0), remains }
}

type Tables = Awaited<ReturnType<typeof listTenantTables>>

/** A tombstone goes last: where there is none, nothing is left of the device. */
async function deviceIds(ctx: ServiceContext, tenantId: TenantId, name: string, tables: Tables): Promise<string[]> {
  const table = tables.find((entry) => entry.name === name)
  if (!table) return []
  const rows = await pageTenantRows(ctx.registry, tenantId, table, undefined, 1_000)
  return rows.map((row) => String(row.device_id ?? row.id))
}
