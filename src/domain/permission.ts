import type { Principal } from './principal.ts'
import { permissionsOfRole, permissionsOfScope, type TenantPermission } from './roles.ts'

export function may(principal: Principal, permission: TenantPermission): boolean {
  if (principal.kind === 'person') {
    return principal.role !== undefined && permissionsOfRole[principal.role].includes(permission)
  }
  if (principal.kind !== 'api_key') return false
  return principal.scopes.some((scope) => permissionsOfScope[scope].includes(permission))
}

/** The devices that a key is kept to; undefined is all of the tenant's. */
export function devicesOf(principal: Principal): readonly string[] | undefined {
  return principal.kind === 'api_key' ? principal.deviceIds : undefined
}

/** False: the key was made for other devices. */
export function maySeeDevice(principal: Principal, deviceId: string): boolean {
  return devicesOf(principal)?.includes(deviceId.toLowerCase()) ?? true
}
