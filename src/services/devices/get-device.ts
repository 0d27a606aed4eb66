import { lastSeenOf } from '../../store/device-state.ts'
import { countChildren } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { type DeviceView, toDeviceView } from './device-view.ts'
import { requireDevice } from './require-device.ts'

export type DeviceDetail = DeviceView & { readonly childCount?: number }

/** @throws AppError device_not_found */
export async function getDevice({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<DeviceDetail> {
  const row = await requireDevice(ctx, input.id)
  const seen = await lastSeenOf(ctx.telemetry.all, ctx.tenantId, ctx.now, [row.id])
  const view = toDeviceView(ctx, row, seen.get(row.id))
  return row.isGateway ? { ...view, childCount: await countChildren(ctx.registry, ctx.tenantId, row.id) } : view
}
