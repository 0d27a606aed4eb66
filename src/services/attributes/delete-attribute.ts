import type { AttributeScope } from '../../domain/attribute.ts'
import { AppError, fromFault } from '../../domain/errors.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevice } from '../telemetry/own-devices.ts'

/** @throws AppError device_not_found, not_found */
export async function deleteAttribute({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly scope: AttributeScope; readonly key: string }
}): Promise<void> {
  const device = await ownDevice(ctx, input.id)
  const link = ctx.platform.device(device.deviceId)
  const known = await link.attributes(device, [input.scope], 'app')
  const before = known.find(({ key }) => key === input.key)
  if (!before) throw new AppError('not_found', { detail: 'The device has no such attribute.' })
  const fault = await link.saveAttributes(device, input.scope, [[input.key, null]], 'app')
  if (fault) throw fromFault(fault)
  ctx.note?.({ before: { scope: before.scope, key: before.key, value: before.value } })
}
