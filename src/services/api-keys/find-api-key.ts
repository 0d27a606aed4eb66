import * as z from 'zod'
import { parseJson } from '../../codec/json.ts'
import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { ApiKeyPrincipal } from '../../domain/principal.ts'
import { type ApiScope, apiScopes } from '../../domain/roles.ts'
import { findLiveApiKey, noteApiKeyUse } from '../../store/api-keys.ts'
import type { World } from '../context.ts'
import { sha256 } from '../secrets.ts'

/** Who holds this key? One read by the unique hash; a revoked key stops at once. */
export async function findApiKey({
  world,
  key,
  now,
  background,
}: {
  readonly world: World
  readonly key: string
  readonly now: number
  readonly background: (work: Promise<unknown>) => void
}): Promise<ApiKeyPrincipal | undefined> {
  const row = await findLiveApiKey(world.registry, sha256(key), now)
  if (!row) return undefined
  if (now - (row.lastUsedAt ?? 0) >= limits.apiKeyNoteMs) background(noteApiKeyUse(world.registry, row.id, now))
  return {
    kind: 'api_key',
    tenantId: row.tenantId as TenantId,
    keyId: row.id,
    scopes: parseScopes(row.scopes),
    ...(row.expiresAt !== null && { expiresAt: row.expiresAt }),
    ...(row.deviceIds !== null && { deviceIds: parseDeviceIds(row.deviceIds) }),
  }
}

/** Whatever cannot be read opens no device. */
export function parseDeviceIds(text: string): string[] {
  const { data } = z.array(z.string()).safeParse(parseJson(text))
  return data ?? []
}

export function parseScopes(text: string): ApiScope[] {
  return apiScopes.filter((scope) => text.split(' ').includes(scope))
}
