import type { Message, Outbound, Will } from './message.ts'

/** An open connection of a client: what a connection that was taken over still says, changes nothing. */
export interface Link {
  readonly clientId: string
  /** Names the broker object and the connection in it, and is never used again. */
  readonly connection: string
}

export interface Opening extends Link {
  /** Clean Start, Clean Session. */
  readonly isClean: boolean
  /** How long the session is to outlive the connection. MQTT 3.1.1: 0 when clean, else without end. */
  readonly expirySeconds: number
  readonly will?: Will
  /** The client's Receive Maximum. */
  readonly receiveMaximum?: number
  /** Fewer than the limit. */
  readonly maximumQueued?: number
  readonly now: number
}

export interface Opened {
  readonly sessionPresent: boolean
  /** As granted, for the CONNACK. */
  readonly expirySeconds: number
  /** The connection to close: 0x8E. */
  readonly takenOver?: string
  /** To be published: of the connection or the session that ended by this. */
  readonly will?: Message
  readonly resume: readonly Outbound[]
  /** Packet ids of QoS 2 messages from the client that were taken and await their PUBREL. */
  readonly inbound: readonly number[]
}

export interface Closing extends Link {
  readonly withWill: boolean
  /** A DISCONNECT may change it. */
  readonly expirySeconds?: number
  readonly now: number
}

export interface Delivery extends Link {
  readonly outbound: readonly Outbound[]
}

export interface Published {
  readonly deliveries: readonly Delivery[]
  /** False: it was to be retained, and there was no room. */
  readonly isRetained: boolean
}

export interface Granted {
  /** A SUBACK reason code for each filter: the QoS, or 0x97. */
  readonly codes: readonly number[]
  readonly outbound: readonly Outbound[]
}

/** A will is to be published now, or at `willAt`, of which the next deadline knows. */
export interface Closed {
  readonly will?: Message
  readonly willAt?: number
}

export interface Expired {
  readonly wills: readonly Message[]
  /** Client ids. */
  readonly ended: readonly string[]
}

export interface SessionReport {
  readonly clientId: string
  readonly isOnline: boolean
  readonly subscriptions: number
  readonly queued: number
  readonly dropped: number
}
