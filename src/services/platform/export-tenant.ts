import { limits } from '../../domain/limits.ts'
import { listTenantTables, pageTenantRows, type TenantTable } from '../../store/tenant-tables.ts'
import { recordChange } from '../audit/record-change.ts'
import type { ServiceContext } from '../context.ts'
import { listMembers } from '../people/list-members.ts'
import { allReadings } from '../telemetry/all-readings.ts'
import { requireTenant } from './tenants.ts'

/** Hashes and sealed secrets are of use to nobody; device tokens go along, or every device would have to be set up anew. */
const withheld = /hash|secret|sealed/

/**
 * Everything of a tenant, a JSON object a line, which both logs tell: its tables, its members, and the readings of every device.
 * @throws AppError tenant_not_found
 */
export async function* exportTenant({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): AsyncGenerator<string> {
  const { id: tenantId, ...tenant } = await requireTenant(ctx, input.id)
  // It changes nothing, and takes every device token along.
  await recordChange({ ctx, input: { action: 'exportTenant', tenantId, target: tenantId } })
  const own = { ...ctx, tenantId }
  yield line('tenant', { ...tenant })
  for (const member of await listMembers({ ctx: own })) yield line('member', { ...member })
  const deviceIds: string[] = []
  for (const table of await listTenantTables(ctx.registry)) {
    if (table.name === 'sessions') continue
    for await (const row of rowsOf(own, table)) {
      if (table.name === 'devices') deviceIds.push(String(row.id))
      yield line(table.name, row)
    }
  }
  for (const deviceId of deviceIds) {
    for await (const { ts, values } of allReadings(ctx.telemetry, deviceId)) {
      yield line('telemetry', { device_id: deviceId, ts, values: JSON.parse(values) as unknown })
    }
  }
}

async function* rowsOf(ctx: ServiceContext, table: TenantTable): AsyncGenerator<Record<string, unknown>> {
  let after: unknown[] | undefined
  for (;;) {
    const rows = await pageTenantRows(ctx.registry, ctx.tenantId, table, after, limits.exportRows)
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < limits.exportRows || table.keys.length === 0) return
    after = table.keys.map((key) => last[key])
  }
}

function line(kind: string, row: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(row).filter(([name]) => !withheld.test(name))
  const plain = shown.map(([name, value]) => [name, isBytes(value) ? toBase64(value) : value])
  return `${JSON.stringify({ kind, ...Object.fromEntries(plain) })}\n`
}

const isBytes = (value: unknown): value is readonly number[] | ArrayBuffer =>
  Array.isArray(value) || value instanceof ArrayBuffer

/** D1 gives blobs as arrays of numbers. */
function toBase64(bytes: readonly number[] | ArrayBuffer): string {
  return Buffer.from(bytes as ArrayBuffer).toString('base64')
}
