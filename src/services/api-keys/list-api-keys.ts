import type { ApiScope } from '../../domain/principal.ts'
import { type ApiKeyRow, listApiKeyRows } from '../../store/api-keys.ts'
import type { ServiceContext } from '../context.ts'
import { parseScopes } from './find-api-key.ts'

export interface ApiKeyView {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly lastFour: string
  readonly scopes: ApiScope[]
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
}

export async function listApiKeys({ ctx }: { readonly ctx: ServiceContext }): Promise<ApiKeyView[]> {
  return (await listApiKeyRows(ctx.registry, ctx.tenantId)).map(toApiKeyView)
}

export function toApiKeyView(row: Omit<ApiKeyRow, 'tenantId' | 'hash' | 'deviceIds'>): ApiKeyView {
  const { id, name, prefix, lastFour, createdAt, expiresAt, lastUsedAt, revokedAt } = row
  return { id, name, prefix, lastFour, scopes: parseScopes(row.scopes), createdAt, expiresAt, lastUsedAt, revokedAt }
}
