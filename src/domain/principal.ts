import type { DeviceId, TenantId } from './ids.ts'

export const apiScopes = ['read', 'write', 'admin'] as const
export type ApiScope = (typeof apiScopes)[number]

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
}

/** A server outside, by the tenant's webhook secret. */
export interface WebhookPrincipal {
  readonly kind: 'webhook'
  readonly tenantId: TenantId
}

/** Holds the SETUP_TOKEN: may make tenants, and see none. */
export interface SetupPrincipal {
  readonly kind: 'setup'
}

export interface AnonymousPrincipal {
  readonly kind: 'anonymous'
}

export type Principal = DevicePrincipal | ApiKeyPrincipal | WebhookPrincipal | SetupPrincipal | AnonymousPrincipal

/** The shard of a reading with this time. */
export function shardAt(shards: readonly ShardSpan[], ts: number): number {
  let shard = shards[0]?.shard ?? 0
  for (const span of shards) if (span.fromTs <= ts) shard = span.shard
  return shard
}
