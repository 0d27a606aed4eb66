import { type DeviceProfileChanges, updateProfileRow } from '../../store/device-profiles.ts'
import { startRollout } from '../../store/rule-rollouts.ts'
import type { ServiceContext } from '../context.ts'
import { forgetAddresses } from '../webhooks/resolve-devices.ts'
import { getProfile } from './get-profile.ts'
import { decoderJson, type ProfileFields, type ProfileView, profileNotFound } from './profile-view.ts'

/** @throws AppError device_profile_not_found */
export async function updateProfile({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: ProfileFields & { readonly id: string }
}): Promise<ProfileView> {
  const { id, decoder, keys, alarms, ...fields } = input
  const columns = { ...fields, decoder: decoderJson(decoder), keys: keys && JSON.stringify(keys) }
  const given = Object.entries(columns).filter(([, value]) => value !== undefined)
  const changes = Object.fromEntries(given) as DeviceProfileChanges
  const before = await getProfile({ ctx, input: { id } })
  if (!(await updateProfileRow(ctx.registry, ctx.tenantId, id, changes, alarms, ctx.now))) throw profileNotFound()
  forgetAddresses()
  if (alarms || input.inactivityTimeoutMs !== undefined) await startRollout(ctx.registry, ctx.tenantId, id, ctx.now)
  ctx.note?.({ before })
  return getProfile({ ctx, input: { id } })
}
