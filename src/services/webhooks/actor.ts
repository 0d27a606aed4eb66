import type { ServiceContext } from '../context.ts'

/** Who did it, as the audit log calls them. */
export function actorOf({ principal }: ServiceContext): string {
  return principal.kind === 'api_key' ? `api_key:${principal.keyId}` : principal.kind
}
