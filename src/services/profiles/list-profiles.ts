import { listProfileRows } from '../../store/device-profiles.ts'
import type { ServiceContext } from '../context.ts'
import { type ProfileView, toProfileView } from './profile-view.ts'

export async function listProfiles({ ctx }: { readonly ctx: ServiceContext }): Promise<ProfileView[]> {
  return (await listProfileRows(ctx.registry, ctx.tenantId)).map(toProfileView)
}
