import type { ApiScope } from '../../domain/roles.ts'
import type { NewApiKeyRow } from '../../store/tenants.ts'
import { newSecret, sha256 } from '../secrets.ts'

/** A fresh key: `secret` is shown once, the row keeps its hash. */
export function newApiKey(name: string, scopes: readonly ApiScope[]): { secret: string; row: NewApiKeyRow } {
  const secret = newSecret('ace_')
  const row = {
    id: crypto.randomUUID(),
    name,
    hash: sha256(secret),
    prefix: secret.slice(0, 8),
    lastFour: secret.slice(-4),
    scopes: scopes.join(' '),
  }
  return { secret, row }
}
