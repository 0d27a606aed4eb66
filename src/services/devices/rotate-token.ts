import { type DeviceId, newDeviceToken } from '../../domain/ids.ts'
import { replaceToken } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { type DeviceDetail, getDevice } from './get-device.ts'
import { requireDevice } from './require-device.ts'
import { forgetToken } from './token-cache.ts'

/** The old token stops here and on open sockets at once, in other isolates within 30 s. */
export async function rotateToken({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<DeviceDetail> {
  const row = await requireDevice(ctx, input.id)
  await replaceToken(ctx.registry, ctx.tenantId, row.id, newDeviceToken(), ctx.now)
  forgetToken(row.token)
  ctx.note?.({ target: row.id, before: { name: row.name } })
  await ctx.platform.device(row.id as DeviceId).refresh('token')
  return getDevice({ ctx, input: { id: row.id } })
}
