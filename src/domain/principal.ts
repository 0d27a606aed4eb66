import type { DeviceId, TenantId } from './ids.ts'
import type { ApiScope, Role } from './roles.ts'

/** A plan's limits on what may come in; undefined is not limited. */
export interface Quota {
  readonly perMinute?: number
  readonly perDay?: number
}

/** From this time on (a reading's own), the device's readings live in this shard. Oldest first. */
export interface ShardSpan {
  readonly fromTs: number
  readonly shard: number
}

/** A device that speaks, or that a gateway speaks for. Everything the road needs to know of it. */
export interface DeviceIdentity {
  readonly tenantId: TenantId
  readonly deviceId: DeviceId
  readonly isGateway: boolean
  /** The gateway that speaks for this device. */
  readonly parentGatewayId?: DeviceId
  readonly inactivityTimeoutMs: number
  readonly shards: readonly ShardSpan[]
  readonly quota?: Quota
  /** Its profile has alarm rules, as of this revision of the profile and of the device. */
  readonly rulesRevision?: number
}

export interface DevicePrincipal {
  readonly kind: 'device'
  readonly device: DeviceIdentity
}

export interface ApiKeyPrincipal {
  readonly kind: 'api_key'
  readonly tenantId: TenantId
  readonly keyId: string
  readonly scopes: readonly ApiScope[]
  readonly expiresAt?: number
  /** The key is kept to these devices. */
  readonly deviceIds?: readonly string[]
}

/** Somebody who signed in. */
export interface PersonPrincipal {
  readonly kind: 'person'
  readonly personId: string
  readonly email: string
  /** SHA-256 of the session's token. */
  readonly sessionId: string
  /** In the tenant that the session works in; absent: in none. */
  readonly role?: Role
  /** Stands above the tenants (`/api/platform/…`). */
  readonly isOperator: boolean
}

/** A server outside, by the tenant's webhook secret. */
export interface WebhookPrincipal {
  readonly kind: 'webhook'
  readonly tenantId: TenantId
}

/** A device that enrols itself with its firmware's key. */
export interface ProvisioningPrincipal {
  readonly kind: 'provisioning'
  readonly tenantId: TenantId
  readonly profileId: string
}

/** Holds the SETUP_TOKEN: may make tenants, and see none. */
export interface SetupPrincipal {
  readonly kind: 'setup'
}

export interface AnonymousPrincipal {
  readonly kind: 'anonymous'
}

export type Principal =
  | DevicePrincipal
  | ApiKeyPrincipal
  | PersonPrincipal
  | WebhookPrincipal
  | ProvisioningPrincipal
  | SetupPrincipal
  | AnonymousPrincipal

/** The shard of a reading with this time. */
export function shardAt(shards: readonly ShardSpan[], ts: number): number {
  let shard = shards[0]?.shard ?? 0
  for (const span of shards) if (span.fromTs <= ts) shard = span.shard
  return shard
}
