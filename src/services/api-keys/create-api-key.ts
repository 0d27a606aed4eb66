import type { ApiScope } from '../../domain/principal.ts'
import { insertApiKey } from '../../store/api-keys.ts'
import type { ServiceContext } from '../context.ts'
import { type ApiKeyView, toApiKeyView } from './list-api-keys.ts'
import { newApiKey } from './new-api-key.ts'

export interface CreateApiKeyInput {
  readonly name: string
  readonly scopes: readonly ApiScope[]
  readonly expiresAt?: number | null | undefined
}

/** The only answer that holds the key itself. */
export async function createApiKey({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: CreateApiKeyInput
}): Promise<ApiKeyView & { apiKey: string }> {
  const { secret, row } = newApiKey(input.name, input.scopes)
  const expiresAt = input.expiresAt ?? null
  await insertApiKey(ctx.registry, ctx.tenantId, { ...row, expiresAt }, ctx.now)
  const stored = { ...row, expiresAt, createdAt: ctx.now, lastUsedAt: null, revokedAt: null }
  return { ...toApiKeyView(stored), apiKey: secret }
}
