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

/** Every device of the tenant, as an import takes it, page by page. */
export async function* exportDevices({ ctx }: { readonly ctx: ServiceContext }): AsyncGenerator<string> {
  yield csvLine(['id', ...importColumns])
  let after: { name: string; id: string } | undefined
  for (;;) {
    const page = { descending: false, limit: limits.pageSizeMax, ...(after && { after }) }
    const rows = await pageDevicesByName(ctx.registry, ctx.tenantId, {}, page)
    for (const row of rows) yield csvLine(toCells(row, maySeeTokens(ctx)))
    const last = rows.at(-1)
    if (!last || rows.length < page.limit) return
    after = { name: last.name, id: last.id }
  }
}

function toCells(row: DeviceRow, withToken: boolean): unknown[] {
  const { id, name, deviceType, label, isGateway, parentGatewayId, devEui, token, inactivityTimeoutMs } = row
  return [
    id,
    name,
    deviceType,
    label,
    isGateway,
    parentGatewayId,
    devEui,
    withToken ? token : null,
    inactivityTimeoutMs,
  ]
}
