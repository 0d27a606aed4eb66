import type { Fault } from './errors.ts'
import type { DeviceIdentity, Principal } from './principal.ts'
import type { TelemetryValues } from './telemetry.ts'

/** What a door hands to the pipeline, before anything is known of its content. */
export interface RawUplink {
  readonly principal: Principal
  /** The body's bytes; a socket hands over the value it has parsed already. */
  readonly body: { readonly bytes: Uint8Array; readonly contentType: string } | { readonly value: unknown }
  readonly receivedAt: number
  /** HTTP's Idempotency-Key: a repeat is recognised for a day, another body with it is refused. */
  readonly idempotencyKey?: string
  /** The sender's mark of this message: with the same values it is a repeat, for `limits.markWindowMs`. */
  readonly repeatMark?: string
  /** Its sender says that it was not sent before: the mark is for repeats that may come. */
  readonly isFirst?: true
}

/** One reading as its sender means it: whose, when, what. */
export interface Uplink {
  /** Place in the message, for answers per item. */
  readonly index: number
  /** Set where a gateway speaks for a child. */
  readonly childDeviceId?: string
  /** Epoch ms. Absent: the writer lane gives the arrival time. */
  readonly ts?: number
  /** The sender's time where it could not be right. */
  readonly correctedClock?: string
  /** Of a message without `ts`: the same mark again is the same reading. */
  readonly mark?: string
  /** No repeat, whatever its mark. */
  readonly isFirst?: true
  readonly values: TelemetryValues
}

/** One item of a message that could not become an uplink. */
export interface RejectedUplink {
  readonly index: number
  readonly fault: Fault
  /** What was sent, as text, for the device's events. */
  readonly raw?: string
}

declare const authorised: unique symbol

/** An uplink whose device is known and whose speaker may speak for it. Only `authorise` makes one. */
export interface AuthorisedUplink extends Uplink {
  readonly device: DeviceIdentity
  readonly [authorised]: true
}
