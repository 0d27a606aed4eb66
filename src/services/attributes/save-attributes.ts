import { type Attribute, type AttributeScope, readAttributeChanges } from '../../domain/attribute.ts'
import { fromFault } from '../../domain/errors.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevice } from '../telemetry/own-devices.ts'

/** Committed, and told to the device where the scope is shared. Null deletes. @throws AppError device_not_found, validation_rejected */
export async function saveAttributes({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly scope: AttributeScope; readonly attributes: unknown }
}): Promise<Attribute[]> {
  const device = await ownDevice(ctx, input.id)
  const changes = readAttributeChanges(input.attributes)
  const link = ctx.platform.device(device.deviceId)
  const keys = new Set(changes.map(([key]) => key))
  const named = (attributes: readonly Attribute[]) => attributes.filter(({ key }) => keys.has(key))
  const before = named(await link.attributes(device, [input.scope], 'app'))
  const fault = await link.saveAttributes(device, input.scope, changes, 'app')
  if (fault) throw fromFault(fault)
  const after = named(await link.attributes(device, [input.scope], 'app'))
  ctx.note?.({ before: valuesOf(input.scope, before), after: valuesOf(input.scope, after) })
  return after
}

function valuesOf(scope: AttributeScope, attributes: readonly Attribute[]) {
  return { scope, attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value])) }
}
