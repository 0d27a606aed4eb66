import type { TenantPermission } from '../domain/roles.ts'

/**
 * Who may call: nobody in particular, the holder of the SETUP_TOKEN, anyone who signed in, a platform operator, or whose
 * role or API key has this permission in its tenant (domain/roles.ts). `device` and `webhook` routes authenticate by device
 * token and by webhook secret, in the connectors' own doors; `onboarding` says for itself who may be the first.
 */
export type Permission =
  | 'public'
  | 'setup'
  | 'onboarding'
  | 'person'
  | 'platform'
  | TenantPermission
  | 'device'
  | 'webhook'

/** What a route asks of its caller. */
export interface Demand {
  readonly permission: Permission
  /** A key that is kept to some devices may call it: the verb narrows what it does to them. */
  readonly isNarrowed?: true
}

export type OpenPermission = 'public' | 'onboarding' | 'device' | 'webhook'

export function isOpen(permission: Permission): permission is OpenPermission {
  return ['public', 'onboarding', 'device', 'webhook'].includes(permission)
}
