import type { DeviceId } from '../../domain/ids.ts'
import { findDeviceIdentities } from '../../store/device-identity.ts'
import type { ServiceContext } from '../context.ts'

/** A device that has another profile now, or is new: silence counts by its rules from now on. */
export async function reviseDeviceRules({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly hadRules?: boolean }
}): Promise<void> {
  const id = input.id as DeviceId
  const device = (await findDeviceIdentities(ctx.registry, ctx.tenantId, [id])).get(id)
  if (!device || (device.rulesRevision === undefined && !input.hadRules)) return
  await ctx.platform.device(id).reviseRules(device)
}
