import type { TenantId } from '../domain/ids.ts'
import type { Principal } from '../domain/principal.ts'
import type { Registry } from '../store/registry.ts'
import type { TelemetryStore } from '../store/telemetry-store.ts'
import type { AccessVerifier } from './people/access.ts'
import type { Platform } from './ports.ts'

/** The databases and objects, one set an isolate. Made by the composition root. */
export interface World {
  readonly registry: Registry
  readonly telemetry: TelemetryStore
  readonly platform: Platform
  /** Absent: no tenant can be made. */
  readonly setupToken: string | undefined
  /** Absent: no key of a network server can be kept. */
  readonly sealingSecret?: string | undefined
  /** Requests of ours may go to this machine: a test's fake servers. */
  readonly allowsLoopback?: boolean
  /** Where Cloudflare Access stands in front of the people. */
  readonly access?: AccessVerifier
}

/** What a verb says of a change for the audit log; what it does not say is the operation's own. */
export interface Change {
  readonly action?: string
  /** Another tenant's log than the caller's, besides the platform's own. */
  readonly tenantId?: TenantId
  /** In the place of all others: the tenants whose affair it is. */
  readonly logs?: readonly TenantId[]
  /** Who did it, where the caller became known on the way. */
  readonly personId?: string
  readonly target?: string
  readonly before?: unknown
  readonly after?: unknown
}

/** What a verb needs: who speaks, for which tenant, and the world. Time comes through it. */
export interface ServiceContext extends World {
  readonly principal: Principal
  /** The tenant that the principal speaks for. Every store function takes it first. */
  readonly tenantId: TenantId
  readonly now: number
  readonly baseUrl: string
  /** The client's. */
  readonly address?: string
  readonly userAgent?: string
  /** Tells the audit log more of what is being done. */
  readonly note?: (change: Change) => void
  /** Goes on after the answer. */
  readonly background: (work: Promise<unknown>) => void
}
