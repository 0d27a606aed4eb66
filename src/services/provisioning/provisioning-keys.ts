import {
  deleteProvisioningKey,
  findProfileKey,
  type ProvisioningKeyRow,
  replaceProvisioningKey,
  updateProvisioningKey,
} from '../../store/provisioning.ts'
import type { ServiceContext } from '../context.ts'
import { getProfile } from '../profiles/get-profile.ts'
import { newSecret, sha256 } from '../secrets.ts'

export interface ProvisioningView {
  readonly key: string
  readonly lastFour: string
  readonly isEnabled: boolean
  /** A device may enrol again at any time, and gets the token that it has. */
  readonly allowsAgain: boolean
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

type OfProfile<T = unknown> = { readonly ctx: ServiceContext; readonly input: { readonly id: string } & T }

/** Null: devices of this profile do not enrol themselves. @throws AppError device_profile_not_found */
export async function getProvisioning({ ctx, input }: OfProfile): Promise<ProvisioningView | null> {
  const { profileId } = await getProfile({ ctx, input })
  const row = await findProfileKey(ctx.registry, ctx.tenantId, profileId)
  return row ? toView(row) : null
}

/** A key and secret, or new ones in their place: firmware with the old ones enrols no more. The secret is shown this once. */
export async function rotateProvisioning({ ctx, input }: OfProfile): Promise<ProvisioningView & { secret: string }> {
  const { profileId } = await getProfile({ ctx, input })
  const before = await findProfileKey(ctx.registry, ctx.tenantId, profileId)
  const secret = newSecret('acp_')
  const row = {
    profileId,
    key: crypto.randomUUID(),
    secretHash: sha256(secret),
    lastFour: secret.slice(-4),
    isEnabled: true,
    allowsAgain: before?.allowsAgain ?? false,
    createdAt: ctx.now,
    lastUsedAt: null,
  }
  await replaceProvisioningKey(ctx.registry, ctx.tenantId, row)
  ctx.note?.({ before: before && toView(before), after: toView(row) })
  return { ...toView(row), secret }
}

export async function updateProvisioning({
  ctx,
  input,
}: OfProfile<{
  readonly isEnabled?: boolean | undefined
  readonly allowsAgain?: boolean | undefined
}>): Promise<ProvisioningView | null> {
  const { id, ...changes } = input
  const before = await getProvisioning({ ctx, input })
  await updateProvisioningKey(ctx.registry, ctx.tenantId, id, changes)
  const after = await getProvisioning({ ctx, input })
  ctx.note?.({ before, after })
  return after
}

export async function deleteProvisioning({ ctx, input }: OfProfile): Promise<void> {
  const before = await getProvisioning({ ctx, input })
  await deleteProvisioningKey(ctx.registry, ctx.tenantId, input.id)
  ctx.note?.({ before, after: null })
}

function toView(row: Omit<ProvisioningKeyRow, 'tenantId'>): ProvisioningView {
  const { key, lastFour, isEnabled, allowsAgain, createdAt, lastUsedAt } = row
  return { key, lastFour, isEnabled, allowsAgain, createdAt, lastUsedAt }
}
