import { findDevice } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { deviceNotFound } from './device-input.ts'
import { type DevicePage, listDevices } from './list-devices.ts'

/** @throws AppError device_not_found; a device that is no gateway has none */
export async function listChildren({
  ctx,
  input: { id, limit, cursor },
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly limit: number; readonly cursor?: string | undefined }
}): Promise<DevicePage> {
  const row = await findDevice(ctx.registry, ctx.tenantId, id.toLowerCase())
  if (!row) throw deviceNotFound()
  return listDevices({ ctx, input: { parentGatewayId: row.id, sort: 'name', limit, cursor } })
}
