import type { DecoderSpec } from './decoder/spec.ts'
import type { SealedTarget } from './network-route.ts'
import type { DeviceIdentity } from './principal.ts'

/** A call of a webhook, as it came: enough to take it later as it would have been taken then. */
export interface WebhookCall {
  /** Ours: the call and what is kept of it are the same call. */
  readonly id: string
  readonly connector: string
  readonly receivedAt: number
  readonly request: WebhookRequest
  readonly bytes: Uint8Array
  /** It was kept before: what has no time of its own is of when it came in. */
  readonly isParked?: boolean
  /** It may hold more or less than it did before: only what the server calls it is its id. */
  readonly isReplay?: boolean
}

/** Of the URL and the headers, without any credential. */
export interface WebhookRequest {
  readonly contentType: string
  readonly query: Readonly<Record<string, string>>
  readonly segments: readonly string[]
  /** The sender's own id of the call: the same again is a repeat. */
  readonly idempotencyKey?: string
  /** Where the server takes downlinks; its key is sealed. */
  readonly downlink?: SealedTarget
}

/** A device that a server outside named, and how its bytes are decoded. */
export interface AddressedDevice {
  readonly device: DeviceIdentity
  readonly decoder?: DecoderSpec
}

/** What became of a call. */
export interface WebhookAnswer {
  readonly success: true
  /** Readings that are stored. */
  readonly accepted: number
  /** Kept among the events of their devices. */
  readonly events?: number
  /** Reports of which nothing is kept, on purpose. */
  readonly ignored?: number
  /** Reports that are kept in the inbox. */
  readonly inboxed?: number
  /** The body is kept and is worked off as soon as the database answers. */
  readonly parked?: true
  readonly detail: string
}
