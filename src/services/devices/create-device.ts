import { AppError } from '../../domain/errors.ts'
import { newDeviceId, newDeviceToken } from '../../domain/ids.ts'
import { assignShards } from '../../store/device-shards.ts'
import { type DeviceRow, findDevice, insertDevice } from '../../store/devices.ts'
import { reviseDeviceRules } from '../alarms/revise-device-rules.ts'
import type { ServiceContext } from '../context.ts'
import { requireProfile } from '../profiles/require-profile.ts'
import {
  checkLevels,
  checkToken,
  type DeviceFields,
  parentMissing,
  readDevEui,
  translatingConflicts,
} from './device-input.ts'
import { toDeviceView } from './device-view.ts'
import type { DeviceDetail } from './get-device.ts'
import { forgetToken } from './token-cache.ts'

export interface CreateDeviceInput extends DeviceFields {
  readonly name: string
  /** A caller may bring the token that its firmware has already. */
  readonly token?: string | undefined
}

/** @throws AppError validation_rejected (parent_not_a_gateway, gateway_with_parent), conflict (dev_eui_taken, plan_limit) */
export async function createDevice({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: CreateDeviceInput
}): Promise<DeviceDetail> {
  const row = toRow(ctx, input)
  await requireProfile(ctx, row.profileId)
  await assignShards(ctx.registry, ctx.telemetry, [row.id])
  if (!(await translatingConflicts(() => insertDevice(ctx.registry, row)))) throw await whyNot(ctx, row)
  forgetToken(row.token) // it may be remembered here as unknown
  ctx.background(reviseDeviceRules({ ctx, input: { id: row.id } }))
  ctx.note?.({ target: row.id })
  const made = (await findDevice(ctx.registry, ctx.tenantId, row.id)) ?? { ...row, profileTimeoutMs: null }
  const view = { ...toDeviceView(ctx, made, undefined), connected: false }
  return row.isGateway ? { ...view, childCount: 0 } : view
}

function toRow(ctx: ServiceContext, input: CreateDeviceInput): DeviceRow {
  const id = newDeviceId()
  const isGateway = input.isGateway ?? false
  const parentGatewayId = input.parentGatewayId?.toLowerCase() ?? null
  checkLevels(isGateway, parentGatewayId)
  return {
    id,
    tenantId: ctx.tenantId,
    profileId: input.profileId ?? null,
    name: input.name,
    deviceType: input.deviceType ?? 'default',
    label: input.label ?? null,
    token: input.token === undefined ? newDeviceToken() : checkToken(input.token),
    isGateway,
    parentGatewayId,
    externalId: id,
    devEui: readDevEui(input.integration?.lorawan?.dev_eui),
    inactivityTimeoutMs: input.inactivityTimeoutMs ?? null,
    retentionDays: input.retentionDays ?? null,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
}

async function whyNot(ctx: ServiceContext, { parentGatewayId }: DeviceRow): Promise<AppError> {
  const parent = parentGatewayId === null ? undefined : await findDevice(ctx.registry, ctx.tenantId, parentGatewayId)
  if (parentGatewayId !== null && !parent?.isGateway) return parentMissing()
  return new AppError('conflict', { reason: 'plan_limit', detail: 'The plan allows no more devices.' })
}
