import { AppError, toFault } from '../domain/errors.ts'
import { type DeviceId, parseDeviceId } from '../domain/ids.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { AuthorisedUplink, RejectedUplink, Uplink } from '../domain/uplink.ts'
import type { PipelineContext } from './context.ts'

export interface Authorised {
  readonly uplinks: readonly AuthorisedUplink[]
  readonly rejected: readonly RejectedUplink[]
}

/**
 * Whose reading is it, and may this device speak for it? A device speaks for itself; a gateway also for its
 * children. The only maker of AuthorisedUplink.
 */
export async function authorise(
  ctx: PipelineContext,
  speaker: DeviceIdentity,
  uplinks: readonly Uplink[],
): Promise<Authorised> {
  const children = await findChildren(ctx, speaker, uplinks)
  const authorised: AuthorisedUplink[] = []
  const rejected: RejectedUplink[] = []
  for (const uplink of uplinks) {
    const device = uplink.childDeviceId === undefined ? speaker : children.get(uplink.childDeviceId.toLowerCase())
    if (device) authorised.push({ ...uplink, device } as AuthorisedUplink)
    else
      rejected.push({
        index: uplink.index,
        fault: toFault(whyNot(speaker)),
        raw: JSON.stringify(uplink.values),
      })
  }
  return { uplinks: authorised, rejected }
}

/** The child that a gateway names, or the device itself. @throws AppError child_not_found, forbidden */
export async function childOrSelf(
  ctx: Pick<PipelineContext, 'findChildren'>,
  speaker: DeviceIdentity,
  childDeviceId: string | undefined,
): Promise<DeviceIdentity> {
  if (childDeviceId === undefined) return speaker
  const id = parseDeviceId(childDeviceId)
  const child = id && speaker.isGateway ? (await ctx.findChildren(speaker, [id])).get(id) : undefined
  if (child) return child
  throw whyNot(speaker)
}

async function findChildren(ctx: PipelineContext, speaker: DeviceIdentity, uplinks: readonly Uplink[]) {
  const ids = new Set<DeviceId>()
  for (const { childDeviceId } of uplinks) {
    const id = childDeviceId === undefined ? undefined : parseDeviceId(childDeviceId)
    if (id) ids.add(id)
  }
  if (ids.size === 0 || !speaker.isGateway) return new Map<string, DeviceIdentity>()
  return new Map<string, DeviceIdentity>(await ctx.findChildren(speaker, [...ids]))
}

/** "Does not exist" and "not yours" are one answer. */
function whyNot(speaker: DeviceIdentity): AppError {
  if (speaker.isGateway) {
    return new AppError('child_not_found', { detail: 'This gateway has no child with this childDeviceId.' })
  }
  const detail = 'Only a device marked as gateway may send a childDeviceId.'
  return new AppError('forbidden', { reason: 'not_a_gateway', detail })
}
