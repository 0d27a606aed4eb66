/** What the verbs and the pipeline need of the platform. `src/objects` fulfils it; tests may too. */
import type { Fault } from '../domain/errors.ts'
import type { DeviceEvent, NewDeviceEvent } from '../domain/events.ts'
import type { DeviceId, TenantId } from '../domain/ids.ts'
import type { DeviceIdentity, Quota } from '../domain/principal.ts'
import type { TimedValue } from '../domain/telemetry.ts'

/** One row to be. `json` is the reading's values as a JSON object. */
export interface AppendRow {
  /** Epoch ms; absent: the lane gives the arrival time. */
  readonly ts?: number
  readonly json: string
  /** The sender's repeat mark: the same mark within ten minutes is the same message. */
  readonly mark?: string
}

/** The rows of one device in one message. */
export interface AppendGroup {
  readonly tenantId: TenantId
  readonly deviceId: DeviceId
  readonly quota?: Quota
  readonly idempotencyKey?: string
  readonly rows: readonly AppendRow[]
}

/** Per row: the time it is stored under, or why it is not. */
export type AppendResult = readonly (number | Fault)[]

export interface TelemetryLane {
  /** Resolves when the rows are committed; a result for each group, in order. */
  append(groups: readonly AppendGroup[]): Promise<readonly AppendResult[]>
}

export interface Observation {
  readonly device: DeviceIdentity
  readonly connector: string
  readonly receivedAt: number
  readonly readings: readonly { readonly ts: number; readonly json: string }[]
}

/** A device's object. */
export interface DeviceLink {
  observe(observation: Observation): Promise<void>
  latest(device: DeviceIdentity): Promise<{ lastSeen: number | null; values: [string, TimedValue][] }>
  recordEvents(events: readonly NewDeviceEvent[]): Promise<void>
  /** Newest first, older than the event `before`. */
  events(before: number | undefined, count: number): Promise<DeviceEvent[]>
  /** Closes what is open and forgets everything. */
  erase(): Promise<void>
}

export interface Platform {
  lane(shard: number, deviceId: DeviceId): { readonly name: string; readonly lane: TelemetryLane }
  device(deviceId: DeviceId): DeviceLink
}
