import type { DownlinkTarget, SealedTarget } from '../domain/network-route.ts'
import type { Report, WebhookSettings } from '../domain/report.ts'
import type { RejectedUplink, Uplink } from '../domain/uplink.ts'

/** Where a message comes in. Paths and topics hold `{deviceToken}` where the sender's credential stands. */
export type Door =
  | { readonly kind: 'http'; readonly method: 'POST'; readonly path: string }
  | {
      readonly kind: 'websocket'
      readonly path: string
      readonly message: string
    }
  | {
      readonly kind: 'mqtt'
      readonly path: string
      readonly topics: readonly string[]
    }

export interface ReadMeta {
  readonly receivedAt: number
}

/** What a message says. Items that break a rule are rejected one by one; the others go on. */
export type ReadResult =
  | {
      readonly uplinks: readonly Uplink[]
      readonly rejected: readonly RejectedUplink[]
    }
  | { readonly ignored: string }

export interface ConnectorExample {
  readonly title: string
  /** The message as a plain value; the contract suite encodes it for each content type. */
  readonly body: unknown
  /** Exactly what `read` makes of it. */
  readonly uplinks: readonly Uplink[]
}

/** What a webhook's body does not say. */
export interface WebhookMeta extends ReadMeta {
  /** Of the URL, without credentials. */
  readonly query: Readonly<Record<string, string>>
  /** Parts of the path behind the door's own: a sender may name the device there. */
  readonly segments: readonly string[]
  /** Of the body's bytes: for bodies that have no id of their own. */
  readonly digest: string
  readonly settings: WebhookSettings
  /** Where the server takes downlinks of the device, where the headers of the call say so. */
  readonly downlink?: SealedTarget
}

export interface WebhookExample {
  readonly title: string
  readonly body: unknown
  readonly query?: Readonly<Record<string, string>>
  /** Exactly what `read` makes of it: the uplinks of all its reports, with the device's name there. */
  readonly uplinks: readonly Uplink[]
}

/**
 * One way in, as a value: its route, catalog entry, OpenAPI entry and contract test all come from here.
 * `read` does no I/O and reads no clock.
 */
interface Way {
  readonly id: string
  readonly title: string
  readonly summary: string
  readonly door: Door
  readonly contentTypes: readonly string[]
  readonly maxBytes: number
}

/** A device's token speaks. */
export interface DeviceConnector extends Way {
  readonly speaker: 'device_token'
  /** @throws AppError where the message as a whole cannot be read. */
  read(value: unknown, meta: ReadMeta): ReadResult
  readonly examples: readonly ConnectorExample[]
}

/** A tenant's webhook secret speaks, of whichever of its devices. */
export interface WebhookConnector extends Way {
  readonly speaker: 'tenant_secret'
  readonly door: Extract<Door, { kind: 'http' }>
  /** @throws AppError where the body as a whole cannot be read. */
  read(value: unknown, meta: WebhookMeta): readonly Report[]
  /** Where the headers of a call say that the server takes downlinks of the device, if they do. */
  readTarget?(header: (name: string) => string | undefined): DownlinkTarget | undefined
  readonly examples: readonly WebhookExample[]
}

export type Connector = DeviceConnector | WebhookConnector

export function defineConnector<const T extends Connector>(connector: T): T {
  return connector
}
