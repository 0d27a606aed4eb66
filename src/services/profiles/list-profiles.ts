import { listRules } from '../../store/alarm-rules.ts'
import { listProfileRows } from '../../store/device-profiles.ts'
import type { ServiceContext } from '../context.ts'
import { ensureDefaultProfile } from './ensure-default-profile.ts'
import { type ProfileView, toProfileView } from './profile-view.ts'

/** The default one among them: it is made where there is none. */
export async function listProfiles({ ctx }: { readonly ctx: ServiceContext }): Promise<ProfileView[]> {
  await ensureDefaultProfile({ ctx })
  const rows = await listProfileRows(ctx.registry, ctx.tenantId)
  const ids = rows.map(({ id }) => id)
  const rules = await listRules(ctx.registry, ctx.tenantId, ids)
  return rows.map((row) => toProfileView(row, rules.get(row.id) ?? []))
}
