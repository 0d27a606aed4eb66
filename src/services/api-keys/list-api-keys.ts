import type { ApiScope } from '../../domain/roles.ts'
import { type ApiKeyRow, listApiKeyRows } from '../../store/api-keys.ts'
import type { ServiceContext } from '../context.ts'
import { parseDeviceIds, parseScopes } from './find-api-key.ts'

export interface ApiKeyView {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly lastFour: string
  readonly scopes: ApiScope[]
  readonly deviceIds: string[] | null
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
}

export async function listApiKeys({ ctx }: { readonly ctx: ServiceContext }): Promise<ApiKeyView[]> {
  return (await listApiKeyRows(ctx.registry, ctx.tenantId)).map(toApiKeyView)
}

export function toApiKeyView(row: Omit<ApiKeyRow, 'tenantId' | 'hash'>): ApiKeyView {
  const { id, name, prefix, lastFour, createdAt, expiresAt, lastUsedAt, revokedAt } = row
  const scopes = parseScopes(row.scopes)
  const deviceIds = row.deviceIds === null ? null : parseDeviceIds(row.deviceIds)
  return { id, name, prefix, lastFour, scopes, deviceIds, createdAt, expiresAt, lastUsedAt, revokedAt }
}
