import { type DeviceId, parseDeviceId } from '../../domain/ids.ts'
import { maySeeDevice } from '../../domain/permission.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { findDeviceIdentities } from '../../store/device-identity.ts'
import type { ServiceContext } from '../context.ts'
import { deviceNotFound } from '../devices/device-input.ts'

/** The tenant's devices with these ids. @throws AppError device_not_found where one is unknown or a stranger's */
export async function ownDevices(ctx: ServiceContext, texts: readonly string[]): Promise<DeviceIdentity[]> {
  const ids = texts.map((text) => {
    const id = parseDeviceId(text)
    if (!id || !maySeeDevice(ctx.principal, id)) throw deviceNotFound()
    return id
  })
  const found = await findDeviceIdentities(ctx.registry, ctx.tenantId, ids)
  return ids.map((id: DeviceId) => {
    const device = found.get(id)
    if (!device) throw deviceNotFound()
    return device
  })
}

export async function ownDevice(ctx: ServiceContext, text: string): Promise<DeviceIdentity> {
  const [device] = await ownDevices(ctx, [text])
  if (!device) throw deviceNotFound()
  return device
}
