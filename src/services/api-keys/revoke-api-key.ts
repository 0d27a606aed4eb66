import { AppError } from '../../domain/errors.ts'
import { isLiveApiKey, revokeApiKeyRow } from '../../store/api-keys.ts'
import type { ServiceContext } from '../context.ts'
import { toApiKeyView } from './list-api-keys.ts'

/** @throws AppError api_key_not_found, also for a key that is revoked already or another tenant's; conflict (last_admin) */
export async function revokeApiKey({ ctx, input }: { readonly ctx: ServiceContext; readonly input: { id: string } }) {
  const row = await revokeApiKeyRow(ctx.registry, ctx.tenantId, input.id, ctx.now)
  if (!row && (await isLiveApiKey(ctx.registry, ctx.tenantId, input.id))) {
    const detail = 'Nobody would be left who could make another key: make one first, or invite an owner or an admin.'
    throw new AppError('conflict', { reason: 'last_admin', detail })
  }
  if (!row) throw new AppError('api_key_not_found', { detail: 'There is no such API key.' })
  ctx.note?.({ before: { ...toApiKeyView(row), revokedAt: null }, after: { revokedAt: ctx.now } })
}
