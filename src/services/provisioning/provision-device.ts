import { AppError } from '../../domain/errors.ts'
import { type DeviceId, newDeviceToken, type TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import { deleteDeviceRow } from '../../store/devices.ts'
import {
  type EnrolledDevice,
  enrol,
  findEnrolled,
  findProvisioningKey,
  noteProvisioningUse,
  type ProvisioningKeyRow,
} from '../../store/provisioning.ts'
import { recordChange } from '../audit/record-change.ts'
import type { ServiceContext } from '../context.ts'
import { createDevice } from '../devices/create-device.ts'
import { constantTimeEqual, sha256 } from '../secrets.ts'

export interface ProvisionInput {
  readonly key: string
  readonly secret: string
  /** What the device's hardware is known by: the same one again is the same device. */
  readonly hardwareId: string
  readonly name?: string | undefined
}

export interface Provisioned {
  readonly deviceId: string
  readonly token: string
  readonly name: string
  readonly profileId: string
  readonly isNew: boolean
}

/** Whose devices enrol with this key. @throws AppError unauthenticated: unknown, wrong, switched off are one answer */
export async function checkProvisioningKey(
  ctx: ServiceContext,
  { key, secret }: Pick<ProvisionInput, 'key' | 'secret'>,
): Promise<ProvisioningKeyRow> {
  const row = await findProvisioningKey(ctx.registry, key)
  const isRight = constantTimeEqual(sha256(secret), row?.secretHash ?? 'none')
  if (row?.isEnabled && isRight) return row
  throw new AppError('unauthenticated', { detail: 'The provisioning key and secret are not taken.' })
}

/**
 * The device enrols itself in the profile of its firmware's key. A repeat within a day gets the same answer, for the one
 * that was lost; later it takes the profile's leave, since whoever reads the secret out of a firmware image could else ask
 * for the token of any device whose hardware id can be guessed.
 * @throws AppError conflict (hardware_id_taken, plan_limit)
 */
export async function provisionDevice({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly row: ProvisioningKeyRow; readonly hardwareId: string; readonly name?: string | undefined }
}): Promise<Provisioned> {
  const { row, hardwareId, name } = input
  const tenantId = row.tenantId as TenantId
  const own: ServiceContext = {
    ...ctx,
    tenantId,
    principal: { kind: 'provisioning', tenantId, profileId: row.profileId },
  }
  ctx.background(noteProvisioningUse(ctx.registry, row.profileId, ctx.now))
  const found = await findEnrolled(ctx.registry, tenantId, hardwareId)
  if (found) return repeat(ctx, row, found)
  const token = newDeviceToken()
  const device = await createDevice({ ctx: own, input: { name: name ?? hardwareId, profileId: row.profileId, token } })
  if (!(await enrol(ctx.registry, tenantId, hardwareId, device.deviceId, row.profileId, ctx.now))) {
    await deleteDeviceRow(ctx.registry, tenantId, device.deviceId as DeviceId, ctx.now)
    const first = await findEnrolled(ctx.registry, tenantId, hardwareId)
    if (first) return repeat(ctx, row, first)
    throw taken()
  }
  await recordChange({ ctx: own, input: { action: 'provisionDevice', target: device.deviceId, after: { hardwareId } } })
  return { deviceId: device.deviceId, token, name: device.name, profileId: row.profileId, isNew: true }
}

function repeat(ctx: ServiceContext, row: ProvisioningKeyRow, found: EnrolledDevice): Provisioned {
  const { enrolledAt, profileId, ...device } = found
  const isRecent = ctx.now - enrolledAt < limits.provisionRepeatMs
  if (profileId !== row.profileId || !(isRecent || row.allowsAgain)) throw taken()
  return { ...device, profileId, isNew: false }
}

function taken(): AppError {
  const detail = 'A device with this hardware id is there already; its profile does not let it enrol again.'
  return new AppError('conflict', { reason: 'hardware_id_taken', detail })
}
