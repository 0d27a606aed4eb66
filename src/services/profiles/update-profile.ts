import { type DeviceProfileChanges, updateProfileRow } from '../../store/device-profiles.ts'
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
  const { id, decoder, ...fields } = input
  const given = Object.entries({ ...fields, decoder: decoderJson(decoder) }).filter(([, value]) => value !== undefined)
  const changes = Object.fromEntries(given) as DeviceProfileChanges
  if (!(await updateProfileRow(ctx.registry, ctx.tenantId, id, changes, ctx.now))) throw profileNotFound()
  forgetAddresses()
  return getProfile({ ctx, input: { id } })
}
