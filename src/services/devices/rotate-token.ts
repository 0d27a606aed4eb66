import { newDeviceToken } from '../../domain/ids.ts'
import { findDevice, replaceToken } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { deviceNotFound } from './device-input.ts'
import { type DeviceDetail, getDevice } from './get-device.ts'
import { forgetToken } from './token-cache.ts'

/** The old token stops here at once, in other isolates within 30 s. */
export async function rotateToken({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<DeviceDetail> {
  const row = await findDevice(ctx.registry, ctx.tenantId, input.id.toLowerCase())
  if (!row) throw deviceNotFound()
  await replaceToken(ctx.registry, ctx.tenantId, row.id, newDeviceToken(), ctx.now)
  forgetToken(row.token)
  return getDevice({ ctx, input: { id: row.id } })
}
