import { findProfile } from '../../store/device-profiles.ts'
import type { ServiceContext } from '../context.ts'
import { profileMissing } from '../devices/device-input.ts'

/** A device's profile is one of its tenant, or none. @throws AppError validation_rejected */
export async function requireProfile(ctx: ServiceContext, id: string | null | undefined): Promise<void> {
  if (id === null || id === undefined) return
  if (!(await findProfile(ctx.registry, ctx.tenantId, id))) throw profileMissing()
}
