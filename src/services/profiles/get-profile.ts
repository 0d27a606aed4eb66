import { listRules } from '../../store/alarm-rules.ts'
import { findProfile } from '../../store/device-profiles.ts'
import type { ServiceContext } from '../context.ts'
import { type ProfileView, profileNotFound, toProfileView } from './profile-view.ts'

/** @throws AppError device_profile_not_found */
export async function getProfile({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<ProfileView> {
  const [row, rules] = await Promise.all([
    findProfile(ctx.registry, ctx.tenantId, input.id),
    listRules(ctx.registry, ctx.tenantId, [input.id]),
  ])
  if (!row) throw profileNotFound()
  return toProfileView(row, rules.get(row.id) ?? [])
}
