import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { ApiScope } from '../../domain/roles.ts'
import { insertApiKey } from '../../store/api-keys.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevices } from '../telemetry/own-devices.ts'
import { type ApiKeyView, toApiKeyView } from './list-api-keys.ts'
import { newApiKey } from './new-api-key.ts'

export interface CreateApiKeyInput {
  readonly name: string
  readonly scopes: readonly ApiScope[]
  readonly expiresAt?: number | null | undefined
  /** The key is kept to these devices. */
  readonly deviceIds?: readonly string[] | null | undefined
}

/**
 * The only answer that holds the key itself. A key gives away no more than its maker has, and for no longer.
 * @throws AppError validation_rejected, forbidden, device_not_found, conflict (plan_limit)
 */
export async function createApiKey({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: CreateApiKeyInput
}): Promise<ApiKeyView & { apiKey: string }> {
  const { secret, row } = newApiKey(input.name, input.scopes)
  const expiresAt = expiryOf(ctx, input.expiresAt ?? null)
  const devices = input.deviceIds && (await ownDevices(ctx, input.deviceIds)).map(({ deviceId }) => deviceId)
  const deviceIds = devices ? JSON.stringify(devices) : null
  const made = { ...row, expiresAt, deviceIds }
  if (!(await insertApiKey(ctx.registry, ctx.tenantId, made, limits.apiKeysPerTenant, ctx.now))) {
    throw new AppError('conflict', { reason: 'plan_limit', detail: 'Revoke API keys that nobody needs first.' })
  }
  const stored = { ...made, createdAt: ctx.now, lastUsedAt: null, revokedAt: null }
  ctx.note?.({ target: row.id, after: toApiKeyView(stored) })
  return { ...toApiKeyView(stored), apiKey: secret }
}

function expiryOf({ principal, now }: ServiceContext, asked: number | null): number | null {
  if (asked !== null && asked <= now) {
    const detail = 'The key would be over already.'
    const errors = [{ pointer: '/expiresAt', code: 'too_small', detail }]
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail, errors })
  }
  const latest = principal.kind === 'api_key' ? (principal.expiresAt ?? null) : null
  if (latest === null) return asked
  if (asked !== null && asked > latest) {
    throw new AppError('forbidden', { detail: 'A key that expires makes none that outlives it.' })
  }
  return asked ?? latest
}
