import type { TenantId } from '../../domain/ids.ts'
import { type ApiKeyPrincipal, type ApiScope, apiScopes } from '../../domain/principal.ts'
import { findLiveApiKey } from '../../store/api-keys.ts'
import type { World } from '../context.ts'
import { sha256 } from '../secrets.ts'

/** Who holds this key? One read by the unique hash; a revoked key stops at once. */
export async function findApiKey({
  world,
  key,
  now,
}: {
  readonly world: World
  readonly key: string
  readonly now: number
}): Promise<ApiKeyPrincipal | undefined> {
  const row = await findLiveApiKey(world.registry, sha256(key), now)
  if (!row) return undefined
  return { kind: 'api_key', tenantId: row.tenantId as TenantId, keyId: row.id, scopes: parseScopes(row.scopes) }
}

export function parseScopes(text: string): ApiScope[] {
  return apiScopes.filter((scope) => text.split(' ').includes(scope))
}
