import type { TenantId } from '../domain/ids.ts'
import type { Principal } from '../domain/principal.ts'
import type { Registry } from '../store/registry.ts'
import type { TelemetryStore } from '../store/telemetry-store.ts'
import type { Platform } from './ports.ts'

/** The databases and objects, one set an isolate. Made by the composition root. */
export interface World {
  readonly registry: Registry
  readonly telemetry: TelemetryStore
  readonly platform: Platform
  /** Absent: no tenant can be made. */
  readonly setupToken: string | undefined
}

/** What a verb needs: who speaks, for which tenant, and the world. Time comes through it. */
export interface ServiceContext extends World {
  readonly principal: Principal
  /** The tenant that the principal speaks for. Every store function takes it first. */
  readonly tenantId: TenantId
  readonly now: number
  readonly baseUrl: string
  /** Goes on after the answer. */
  readonly background: (work: Promise<unknown>) => void
}
