import type { DeviceId } from '../../domain/ids.ts'
import type { PacketLoss } from '../../domain/packet-loss.ts'
import { lastSeenOf } from '../../store/device-state.ts'
import { countChildren, findDevice } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { type DeviceView, isActive, toDeviceView } from './device-view.ts'
import { requireDevice } from './require-device.ts'

export type DeviceDetail = DeviceView & {
  /** A socket is open, or the device is asking for commands: a second fact beside being active. */
  readonly connected: boolean
  /** Of a child whose gateway is gone. */
  readonly unreachable?: boolean
  readonly childCount?: number
  /** Of a LoRa device's last frames. */
  readonly packetLoss?: PacketLoss
}

/** @throws AppError device_not_found */
export async function getDevice({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<DeviceDetail> {
  const row = await requireDevice(ctx, input.id)
  const ids = row.parentGatewayId ? [row.id, row.parentGatewayId] : [row.id]
  const [seen, device, gateway, gatewayRow] = await Promise.all([
    lastSeenOf(ctx.telemetry.all, ctx.tenantId, ctx.now, ids),
    ctx.platform.device(row.id as DeviceId).presence(),
    row.parentGatewayId ? ctx.platform.device(row.parentGatewayId as DeviceId).presence() : undefined,
    row.parentGatewayId ? findDevice(ctx.registry, ctx.tenantId, row.parentGatewayId) : undefined,
  ])
  const lastSeen = Math.max(seen.get(row.id) ?? 0, device.lastSeen ?? 0) || undefined
  const view = {
    ...toDeviceView(ctx, row, lastSeen),
    connected: device.connected,
    ...(device.packetLoss && { packetLoss: device.packetLoss }),
  }
  if (gateway && row.parentGatewayId) {
    const heard = Math.max(seen.get(row.parentGatewayId) ?? 0, gateway.lastSeen ?? 0) || undefined
    return {
      ...view,
      // One that speaks for itself needs no gateway.
      unreachable: !device.connected && !gateway.connected && !(gatewayRow && isActive(heard, gatewayRow, ctx.now)),
    }
  }
  return row.isGateway ? { ...view, childCount: await countChildren(ctx.registry, ctx.tenantId, row.id) } : view
}
