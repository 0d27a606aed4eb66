import type { ServiceContext } from '../context.ts'

/** Who did it, as the audit log calls them. */
export function actorOf({ principal }: ServiceContext): string {
  if (principal.kind === 'person') return `person:${principal.personId}`
  if (principal.kind === 'provisioning') return `provisioning:${principal.profileId}`
  return principal.kind === 'api_key' ? `api_key:${principal.keyId}` : principal.kind
}
