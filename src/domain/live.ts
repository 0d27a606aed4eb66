import type { AlarmChange } from './alarm/alarm.ts'
import type { AttributeScope, AttributeValue } from './attribute.ts'
import type { CommandStatus } from './command.ts'
import type { NewDeviceEvent } from './events.ts'
import type { TelemetryValues } from './telemetry.ts'

/** What those who watch a device are told as it happens. Types are public and stable. */
export type LiveEvent =
  | { readonly type: 'telemetry'; readonly ts: number; readonly values: TelemetryValues }
  | {
      readonly type: 'attribute'
      readonly scope: AttributeScope
      readonly key: string
      readonly value: AttributeValue | null
    }
  | { readonly type: 'command'; readonly command: CommandStatus }
  /** Something became of an alarm of the device. */
  | ({ readonly type: 'alarm' } & AlarmChange)
  /** connected, disconnected, uplink_rejected, … */
  | { readonly type: 'event'; readonly event: NewDeviceEvent }

/** `{epoch}.{sequence number}`: an event's place in the log of one stretch of watching. */
export interface EventId {
  readonly epoch: string
  readonly seq: number
}

export function formatEventId({ epoch, seq }: EventId): string {
  return `${epoch}.${seq}`
}

export function parseEventId(text: string): EventId | undefined {
  const [, epoch, seq] = /^([a-z0-9]{1,16})\.(\d{1,15})$/.exec(text) ?? []
  return epoch !== undefined && seq !== undefined ? { epoch, seq: Number(seq) } : undefined
}

/** The event as one who asked for these keys sees it; undefined: nothing of it. No keys: all of it. */
export function onlyKeys(event: LiveEvent, keys: ReadonlySet<string>): LiveEvent | undefined {
  if (event.type !== 'telemetry' || keys.size === 0) return event
  const entries = Object.entries(event.values).filter(([key]) => keys.has(key))
  return entries.length === 0 ? undefined : { ...event, values: Object.fromEntries(entries) }
}
