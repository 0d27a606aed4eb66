import { AppError } from '../../domain/errors.ts'
import { deleteProfileRow } from '../../store/device-profiles.ts'
import type { ServiceContext } from '../context.ts'
import { forgetAddresses } from '../webhooks/resolve-devices.ts'
import { getProfile } from './get-profile.ts'
import { profileNotFound } from './profile-view.ts'

/** Its devices follow the default one. @throws AppError device_profile_not_found, conflict (default_profile) */
export async function deleteProfile({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<void> {
  const before = await getProfile({ ctx, input })
  if (before.isDefault) {
    throw new AppError('conflict', { reason: 'default_profile', detail: 'A tenant keeps its default profile.' })
  }
  if (!(await deleteProfileRow(ctx.registry, ctx.tenantId, input.id, ctx.now))) throw profileNotFound()
  forgetAddresses()
  ctx.note?.({ before, after: null })
}
