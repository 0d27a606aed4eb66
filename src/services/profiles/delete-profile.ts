import { deleteProfileRow } from '../../store/device-profiles.ts'
import type { ServiceContext } from '../context.ts'
import { forgetAddresses } from '../webhooks/resolve-devices.ts'
import { profileNotFound } from './profile-view.ts'

/** Its devices go on without one. @throws AppError device_profile_not_found */
export async function deleteProfile({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<void> {
  if (!(await deleteProfileRow(ctx.registry, ctx.tenantId, input.id))) throw profileNotFound()
  forgetAddresses()
}
