import { maySeeDevice } from '../../domain/permission.ts'
import { type FoundDevice, findDevice } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { deviceNotFound } from './device-input.ts'

/** The tenant's own device. @throws AppError device_not_found, also where it is another tenant's */
export async function requireDevice(ctx: ServiceContext, id: string): Promise<FoundDevice> {
  const row = await findDevice(ctx.registry, ctx.tenantId, id.toLowerCase())
  if (!row || !maySeeDevice(ctx.principal, row.id)) throw deviceNotFound()
  return row
}
