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

/**
 * One way in, as a value: its route, catalog entry, OpenAPI entry and contract test all come from here.
 * `read` does no I/O and reads no clock.
 */
export interface Connector {
  readonly id: string
  readonly title: string
  readonly summary: string
  readonly door: Door
  /** Whose credential speaks: a device's token, or a tenant's webhook secret. */
  readonly speaker: 'device_token' | 'tenant_secret'
  readonly contentTypes: readonly string[]
  readonly maxBytes: number
  /** @throws AppError where the message as a whole cannot be read. */
  read(value: unknown, meta: ReadMeta): ReadResult
  readonly examples: readonly ConnectorExample[]
}

export function defineConnector<const T extends Connector>(connector: T): T {
  return connector
}
