import type { DeviceId } from '../../domain/ids.ts'
import { deleteDeviceRow } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { forgetAddresses } from '../webhooks/resolve-devices.ts'
import { requireDevice } from './require-device.ts'
import { forgetChild, forgetToken } from './token-cache.ts'

/** Answers at once: the row is gone, a tombstone is left, and the sweeper removes the readings. */
export async function deleteDevice({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<void> {
  const row = await requireDevice(ctx, input.id)
  const id = row.id as DeviceId
  await deleteDeviceRow(ctx.registry, ctx.tenantId, id, ctx.now)
  forgetToken(row.token)
  ctx.note?.({ target: id, before: row })
  forgetAddresses()
  ctx.background(ctx.platform.device(id).erase())
  const gatewayId = row.parentGatewayId as DeviceId | null
  if (!gatewayId) return
  forgetChild(gatewayId, id)
  ctx.background(ctx.platform.device(gatewayId).forgetChild(id))
}
