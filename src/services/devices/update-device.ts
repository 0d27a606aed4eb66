import { AppError } from '../../domain/errors.ts'
import type { DeviceId } from '../../domain/ids.ts'
import { maySeeDevice } from '../../domain/permission.ts'
import { type DeviceChanges, type DeviceRow, findDevice, updateDeviceRow } from '../../store/devices.ts'
import { reviseDeviceRules } from '../alarms/revise-device-rules.ts'
import type { ServiceContext } from '../context.ts'
import { requireProfile } from '../profiles/require-profile.ts'
import { forgetAddresses } from '../webhooks/resolve-devices.ts'
import {
  checkLevels,
  type DeviceFields,
  deviceNotFound,
  parentMissing,
  readDevEui,
  translatingConflicts,
} from './device-input.ts'
import { type DeviceDetail, getDevice } from './get-device.ts'
import { requireDevice } from './require-device.ts'
import { forgetChild, forgetToken } from './token-cache.ts'

/** @throws AppError device_not_found, validation_rejected, conflict */
export async function updateDevice({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: DeviceFields & { readonly id: string }
}): Promise<DeviceDetail> {
  const before = await requireDevice(ctx, input.id)
  const changes = toChanges(input)
  await requireProfile(ctx, changes.profileId)
  checkLevelsAfter(before, changes)
  // A key of some devices puts nothing under another's gateway, which would be told its commands.
  if (changes.parentGatewayId && !maySeeDevice(ctx.principal, changes.parentGatewayId)) throw parentMissing()
  const written = await translatingConflicts(() =>
    updateDeviceRow(ctx.registry, ctx.tenantId, before.id, changes, ctx.now),
  )
  if (!written) throw await whyNot(ctx, before.id, changes)
  forgetToken(before.token)
  ctx.note?.({ target: before.id, before: ofChanged(before, changes), after: changes })
  forgetAddresses()
  await ctx.platform.device(before.id as DeviceId).refresh('fields')
  if (changes.profileId !== undefined || changes.inactivityTimeoutMs !== undefined) {
    await reviseDeviceRules({ ctx, input: { id: before.id, hadRules: true } })
  }
  if (before.parentGatewayId) {
    const gatewayId = before.parentGatewayId as DeviceId
    forgetChild(gatewayId, before.id as DeviceId)
    const hasLeft = changes.parentGatewayId !== undefined && changes.parentGatewayId !== gatewayId
    if (hasLeft) await ctx.platform.device(gatewayId).forgetChild(before.id as DeviceId)
  }
  return getDevice({ ctx, input: { id: before.id } })
}

function toChanges(input: DeviceFields): DeviceChanges {
  const devEui = input.integration?.lorawan?.dev_eui
  return {
    name: input.name,
    deviceType: input.deviceType,
    label: input.label,
    isGateway: input.isGateway,
    parentGatewayId: input.parentGatewayId?.toLowerCase() ?? input.parentGatewayId,
    devEui: devEui === undefined ? undefined : readDevEui(devEui),
    inactivityTimeoutMs: input.inactivityTimeoutMs,
    retentionDays: input.retentionDays,
    profileId: input.profileId,
  }
}

/** What it was, of what is changed. */
function ofChanged(before: DeviceRow, changes: DeviceChanges): Partial<DeviceRow> {
  return Object.fromEntries(
    Object.entries(before).filter(([field]) => changes[field as keyof DeviceChanges] !== undefined),
  )
}

type Levels = Pick<DeviceChanges, 'isGateway' | 'parentGatewayId'>

function checkLevelsAfter(before: Levels, changes: Levels): void {
  const parent = changes.parentGatewayId === undefined ? before.parentGatewayId : changes.parentGatewayId
  checkLevels(changes.isGateway ?? before.isGateway ?? false, parent ?? null)
}

/** The device as it now is says which rule did not hold. */
async function whyNot(ctx: ServiceContext, id: string, changes: DeviceChanges): Promise<AppError> {
  const device = await findDevice(ctx.registry, ctx.tenantId, id)
  if (!device) return deviceNotFound()
  checkLevelsAfter(device, changes)
  if (changes.parentGatewayId) {
    const parent = await findDevice(ctx.registry, ctx.tenantId, changes.parentGatewayId)
    if (!parent?.isGateway || parent.id === id) return parentMissing()
  }
  return new AppError('conflict', { reason: 'gateway_has_children', detail: 'The gateway still has children.' })
}
