import { type DeviceProfileRow, findDefaultProfile, insertProfile } from '../../store/device-profiles.ts'
import type { ServiceContext } from '../context.ts'
import { newProfileRow } from './create-profile.ts'
import { profileNotFound } from './profile-view.ts'

/** The tenant's default profile; it is made where there is none. */
export async function ensureDefaultProfile({ ctx }: { readonly ctx: ServiceContext }): Promise<DeviceProfileRow> {
  const found = await findDefaultProfile(ctx.registry, ctx.tenantId)
  if (found) return found
  await insertProfile(ctx.registry, newProfileRow(ctx, { name: 'default', isDefault: true }), [])
  const made = await findDefaultProfile(ctx.registry, ctx.tenantId)
  if (!made) throw profileNotFound()
  return made
}
