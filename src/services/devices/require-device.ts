import { type DeviceRow, findDevice } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { deviceNotFound } from './device-input.ts'

/** The tenant's own device. @throws AppError device_not_found, also where it is another tenant's */
export async function requireDevice(ctx: ServiceContext, id: string): Promise<DeviceRow> {
  const row = await findDevice(ctx.registry, ctx.tenantId, id.toLowerCase())
  if (!row) throw deviceNotFound()
  return row
}
