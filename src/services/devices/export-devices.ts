import { csvLine } from '../../codec/csv.ts'
import { limits } from '../../domain/limits.ts'
import { type DeviceRow, pageDevicesByName } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { maySeeTokens } from './device-view.ts'
import { importColumns } from './import-rows.ts'

const example = ['Cold store 1', 'sensor', 'Building A', 'false', '', '70B3D57ED0001234', '', '600000']

export function importTemplate(): string {
  return csvLine(importColumns) + csvLine(example)
}

/** Every device of the tenant, as an import takes it, page by page; tokens only for those who may see them. */
export async function* exportDevices({ ctx }: { readonly ctx: ServiceContext }): AsyncGenerator<string> {
  const columns = importColumns.filter((column) => column !== 'token' || maySeeTokens(ctx))
  yield csvLine(['id', ...columns])
  let after: { name: string; id: string } | undefined
  for (;;) {
    const order = { descending: false, ...(after && { after }) }
    const rows = await pageDevicesByName(ctx.registry, ctx.tenantId, {}, order, limits.pageSizeMax)
    for (const row of rows) yield csvLine([row.id, ...columns.map((column) => cellOf(row, column))])
    const last = rows.at(-1)
    if (!last || rows.length < limits.pageSizeMax) return
    after = { name: last.name, id: last.id }
  }
}

function cellOf(row: DeviceRow, column: (typeof importColumns)[number]): unknown {
  return column === 'parentGateway' ? row.parentGatewayId : row[column]
}
