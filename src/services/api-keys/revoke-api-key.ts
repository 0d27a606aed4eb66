import { AppError } from '../../domain/errors.ts'
import { revokeApiKeyRow } from '../../store/api-keys.ts'
import type { ServiceContext } from '../context.ts'
import { toApiKeyView } from './list-api-keys.ts'

/** @throws AppError api_key_not_found, also for a key that is revoked already or another tenant's. */
export async function revokeApiKey({ ctx, input }: { readonly ctx: ServiceContext; readonly input: { id: string } }) {
  const row = await revokeApiKeyRow(ctx.registry, ctx.tenantId, input.id, ctx.now)
  if (!row) throw new AppError('api_key_not_found', { detail: 'There is no such API key.' })
  ctx.note?.({ before: { ...toApiKeyView(row), revokedAt: null } })
}
