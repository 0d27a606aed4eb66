import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceAddress } from '../../domain/report.ts'
import { claimAlias } from '../../store/addressed-devices.ts'
import { findProfileByName } from '../../store/device-profiles.ts'
import type { ServiceContext } from '../context.ts'
import { createDevice } from '../devices/create-device.ts'
import { deleteDevice } from '../devices/delete-device.ts'
import type { DeviceDetail } from '../devices/get-device.ts'
import { forgetAddresses } from './resolve-devices.ts'

export interface MakeAddressedDeviceInput {
  readonly address: DeviceAddress
  readonly name?: string | undefined
  readonly deviceType?: string | undefined
  readonly profileId?: string | undefined
}

/**
 * A device of what a network server says of it: its name there, and the profile of the same name where the tenant has
 * one. @throws AppError conflict (dev_eui_taken, plan_limit), validation_rejected
 */
export async function makeAddressedDevice({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: MakeAddressedDeviceInput
}): Promise<DeviceDetail> {
  const { devEui, alias, name, profile } = input.address
  if (devEui === undefined && alias === undefined) {
    throw new AppError('validation_rejected', {
      reason: 'device_unnamed',
      detail: 'The body gives the device no name.',
    })
  }
  const called = clean(input.name ?? name, limits.nameLength) ?? devEui ?? alias ?? ''
  const kind = clean(input.deviceType ?? profile, limits.deviceTypeLength) ?? 'lora'
  const profileId = input.profileId ?? (profile && (await findProfileByName(ctx.registry, ctx.tenantId, profile))?.id)
  const device = await createDevice({
    ctx,
    input: {
      name: called,
      deviceType: kind,
      ...(profileId !== undefined && { profileId }),
      integration: { lorawan: { dev_eui: devEui ?? null } },
    },
  })
  // Without a DevEUI the alias is all that leads to it: whoever took it first keeps it.
  if (devEui === undefined && alias !== undefined) await giveOrUndo(ctx, alias, device)
  forgetAddresses()
  return device
}

async function giveOrUndo(ctx: ServiceContext, alias: string, { id }: DeviceDetail): Promise<void> {
  if (await claimAlias(ctx.registry, ctx.tenantId, alias, id)) return
  await deleteDevice({ ctx, input: { id } })
  throw new AppError('conflict', { detail: 'Another device is called so already.' })
}

/** What a server outside calls a device may be anything. */
function clean(text: string | undefined, length: number): string | undefined {
  const cleaned = text?.replaceAll('\0', '').toWellFormed().trim().slice(0, length)
  return cleaned === '' ? undefined : cleaned
}
