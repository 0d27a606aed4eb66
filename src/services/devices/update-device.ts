import { AppError } from '../../domain/errors.ts'
import type { DeviceId } from '../../domain/ids.ts'
import { type DeviceRow, findDevice, updateDeviceRow } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import {
  checkLevels,
  type DeviceFields,
  deviceNotFound,
  parentMissing,
  readDevEui,
  translatingConflicts,
} from './device-input.ts'
import { type DeviceDetail, getDevice } from './get-device.ts'
import { forgetChild, forgetToken } from './token-cache.ts'

/** @throws AppError device_not_found, validation_rejected, conflict */
export async function updateDevice({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: DeviceFields & { readonly id: string }
}): Promise<DeviceDetail> {
  const before = await findDevice(ctx.registry, ctx.tenantId, input.id.toLowerCase())
  if (!before) throw deviceNotFound()
  const after = merge(before, input, ctx.now)
  checkLevels(after.isGateway, after.parentGatewayId)
  if (!(await translatingConflicts(() => updateDeviceRow(ctx.registry, after)))) throw await whyNot(ctx, after)
  forgetToken(before.token)
  if (before.parentGatewayId) forgetChild(before.parentGatewayId as DeviceId, before.id as DeviceId)
  return getDevice({ ctx, input: { id: before.id } })
}

function merge(before: DeviceRow, input: DeviceFields, now: number): DeviceRow {
  const devEui = input.integration?.lorawan?.dev_eui
  const { parentGatewayId: parent } = input
  return {
    ...before,
    name: input.name ?? before.name,
    deviceType: input.deviceType ?? before.deviceType,
    label: input.label === undefined ? before.label : input.label,
    isGateway: input.isGateway ?? before.isGateway,
    parentGatewayId: parent === undefined ? before.parentGatewayId : (parent?.toLowerCase() ?? null),
    devEui: devEui === undefined ? before.devEui : readDevEui(devEui),
    inactivityTimeoutMs:
      input.inactivityTimeoutMs === undefined ? before.inactivityTimeoutMs : input.inactivityTimeoutMs,
    updatedAt: now,
  }
}

async function whyNot(ctx: ServiceContext, { id, parentGatewayId }: DeviceRow): Promise<AppError> {
  if (!(await findDevice(ctx.registry, ctx.tenantId, id))) return deviceNotFound()
  const parent = parentGatewayId === null ? undefined : await findDevice(ctx.registry, ctx.tenantId, parentGatewayId)
  if (parentGatewayId !== null && (!parent?.isGateway || parent.id === id)) return parentMissing()
  return new AppError('conflict', { detail: 'The gateway still has children.' })
}
