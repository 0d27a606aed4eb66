import { type DeviceProfileRow, insertProfile } from '../../store/device-profiles.ts'
import type { ServiceContext } from '../context.ts'
import { decoderJson, type ProfileFields, type ProfileView, toProfileView } from './profile-view.ts'

export async function createProfile({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: ProfileFields & { readonly name: string }
}): Promise<ProfileView> {
  const row = newProfileRow(ctx, input)
  const alarms = input.alarms ?? []
  await insertProfile(ctx.registry, row, alarms)
  ctx.note?.({ target: row.id })
  return toProfileView(row, alarms)
}

export function newProfileRow(
  ctx: ServiceContext,
  input: ProfileFields & { readonly name: string; readonly isDefault?: boolean },
): DeviceProfileRow {
  return {
    id: crypto.randomUUID(),
    tenantId: ctx.tenantId,
    name: input.name,
    type: input.type ?? null,
    description: input.description ?? null,
    isDefault: input.isDefault ?? false,
    inactivityTimeoutMs: input.inactivityTimeoutMs ?? null,
    retentionDays: input.retentionDays ?? null,
    rollupRetentionDays: input.rollupRetentionDays ?? null,
    keys: JSON.stringify(input.keys ?? {}),
    decoder: decoderJson(input.decoder) ?? null,
    provisioning: null,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
}
