import type { NewDeviceEvent } from './events.ts'
import type { DevEui } from './ids.ts'
import type { DownlinkNews, NetworkRoute } from './network-route.ts'
import type { TelemetryValues } from './telemetry.ts'
import type { RejectedUplink, Uplink } from './uplink.ts'

/** How a server outside names a device: what it gives is tried in this order. */
export interface DeviceAddress {
  readonly deviceToken?: string
  readonly externalId?: string
  readonly devEui?: DevEui
  /** Where it is registered there: `ttn:{application}/{device}`. */
  readonly alias?: string
  /** What it is called there, and of which kind it is: for a device that is made of it. */
  readonly name?: string
  readonly profile?: string
}

/** Where an uplink stands in the count of its session: a gap is a lost frame. */
export interface Frame {
  readonly fCnt: number
  readonly session: string
}

/** Which of the two messages that The Things Stack makes of one uplink. */
export type FrameCopy = 'uplink' | 'normalized'

/** Bytes that the server did not decode. */
export interface Payload {
  readonly bytes: Uint8Array
  readonly fPort: number | undefined
  /** What the reading will be besides the decoded values. */
  readonly uplink: Omit<Uplink, 'values'>
  readonly radio: TelemetryValues
  /** The server's own decoder ran and found nothing: only a decoder of ours may say more. */
  readonly isDecoded: boolean
}

/** What a server outside says of one device. */
export interface Report {
  /** Place in the body. */
  readonly index: number
  readonly address: DeviceAddress
  /** The server's own id of it: the same again is a repeat. */
  readonly dedupeId?: string
  readonly uplinks: readonly Uplink[]
  readonly rejected: readonly RejectedUplink[]
  readonly payload?: Payload
  readonly events: readonly NewDeviceEvent[]
  readonly frame?: Frame
  /** It tells of a frame that is told of in another report too: which of the two is kept is for the device's object to say. */
  readonly copy?: FrameCopy
  readonly route?: NetworkRoute
  /** What became of downlinks. */
  readonly downlinks?: readonly DownlinkNews[]
  /** The device itself spoke, whether or not it said anything to store. */
  readonly isHeard: boolean
  /** Why nothing of it is kept. */
  readonly ignored?: string
  /** The item of an array as it came. */
  readonly item?: unknown
}

export const unknownDevicePolicies = ['list', 'create', 'refuse'] as const
export type UnknownDevicePolicy = (typeof unknownDevicePolicies)[number]

/** What a tenant chose for its webhooks. */
export interface WebhookSettings {
  /** A device that no device of the tenant is: list it for approval, make it, or pass over it. */
  readonly unknownDevices: UnknownDevicePolicy
  /** lora_rssi, lora_snr, lora_f_cnt, lora_f_port, lora_dr, lora_gateway beside the values. */
  readonly radioFacts: boolean
  /** Which of The Things Stack's two payloads becomes readings. */
  readonly ttnPayload: 'decoded' | 'normalized'
  /** Hosts of The Things Stack that downlinks may go to, with the port where it is not 443. */
  readonly downlinkHosts: readonly string[]
}

export const defaultWebhookSettings: WebhookSettings = {
  unknownDevices: 'list',
  radioFacts: true,
  ttnPayload: 'decoded',
  downlinkHosts: ['eu1', 'nam1', 'au1'].map((region) => `${region}.cloud.thethings.network`),
}
