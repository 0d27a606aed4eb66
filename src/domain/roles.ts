/** What a caller may do in its tenant. `provision` makes devices, `own` decides over owners. */
export type TenantPermission = 'read' | 'operate' | 'provision' | 'write' | 'admin' | 'own'

/** From the least to the most: each may do whatever those before it may. */
export const roles = ['viewer', 'operator', 'admin', 'owner'] as const
export type Role = (typeof roles)[number]

export const apiScopes = ['read', 'write', 'admin', 'device-provisioning'] as const
export type ApiScope = (typeof apiScopes)[number]

export const permissionsOfRole: Readonly<Record<Role, readonly TenantPermission[]>> = {
  viewer: ['read'],
  operator: ['read', 'operate'],
  admin: ['read', 'operate', 'provision', 'write', 'admin'],
  owner: ['read', 'operate', 'provision', 'write', 'admin', 'own'],
}

/** No key is an owner: one that was lost must not take the tenant away from its people. */
export const permissionsOfScope: Readonly<Record<ApiScope, readonly TenantPermission[]>> = {
  read: ['read'],
  write: ['read', 'operate', 'provision', 'write'],
  admin: ['read', 'operate', 'provision', 'write', 'admin'],
  'device-provisioning': ['provision'],
}
