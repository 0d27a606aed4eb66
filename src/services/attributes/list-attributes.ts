import { type Attribute, type AttributeScope, attributeScopes } from '../../domain/attribute.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevice } from '../telemetry/own-devices.ts'

/** By scope and key. */
export async function listAttributes({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly scope?: AttributeScope | undefined }
}): Promise<Attribute[]> {
  const device = await ownDevice(ctx, input.id)
  const scopes = input.scope ? [input.scope] : attributeScopes
  return ctx.platform.device(device.deviceId).attributes(device, scopes, 'app')
}
