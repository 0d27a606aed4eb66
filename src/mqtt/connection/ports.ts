import type { Fault } from '../../domain/errors.ts'
import type { PacketFault } from '../reason-codes.ts'
import type { Message, Outbound, QoS, Will } from '../space/message.ts'
import type { OwnTopic, Spelling } from '../topics.ts'

export interface Credentials {
  readonly clientId: string
  readonly username?: string
  readonly password?: Uint8Array
}

/** The device that a client speaks as; whatever else it holds is kept with the connection, as JSON. */
export interface Speaker {
  readonly token: string
}

export interface OpenRequest {
  readonly speaker: Speaker
  /** Empty: one is to be assigned. */
  readonly clientId: string
  readonly isClean: boolean
  /** How long the session is to outlive the connection: 0 not at all, 0xFFFFFFFF without end. */
  readonly expirySeconds: number
  readonly will?: Will
  /** How many QoS 1 and 2 messages the client takes at once. */
  readonly receiveMaximum: number
}

export interface Opened {
  readonly sessionPresent: boolean
  readonly assignedClientId?: string
  /** As granted; undefined: as wished. */
  readonly expirySeconds?: number
  /** Packet ids of QoS 2 messages from the client that were taken and await their PUBREL. */
  readonly inbound?: readonly number[]
  /** What the session is owed, to go out behind the CONNACK. */
  readonly resume?: readonly Outbound[]
}

/** `topic` is canonical; `own` says how the client named it. */
export interface Inbound extends Message {
  readonly own: OwnTopic
  readonly isDup: boolean
  /** With QoS 1 and 2. */
  readonly packetId?: number
}

/**
 * `done`: taken, or nobody wants it. A reason code: settled for good, and recorded by the port where it is a fault.
 * `passing`: the client must send it again.
 */
export type Outcome = 'done' | { readonly reasonCode: number; readonly reason?: string } | { readonly passing: Fault }

/** A filter in its canonical form. Messages that it takes go out under the client's spelling. */
export interface OwnFilter {
  readonly filter: string
  readonly spelling: Spelling
}

export interface Wanted extends OwnFilter {
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: 0 | 1 | 2
  readonly identifier?: number
}

export interface Granted {
  /** A SUBACK reason code for each filter. */
  readonly codes: readonly number[]
  /** Retained messages, to go out behind the SUBACK. */
  readonly outbound?: readonly Outbound[]
}

/** What a connection asks of the rest of the house. One that rejects ends the connection with the error's code. */
export interface BrokerPorts {
  /** Undefined: nobody has these credentials. */
  authenticate(credentials: Credentials): Promise<Speaker | undefined>
  /** May take the session over from another connection. */
  open(request: OpenRequest): Promise<Opened>
  /** All that is in hand at once, in order; one outcome each. */
  publish(messages: readonly Inbound[]): Promise<readonly Outcome[]>
  /** Messages to topics that are not this device's: nobody gets them. */
  refused(messages: readonly Message[]): void
  /** All QoS 2 messages that were taken and await their PUBREL. Asked of sessions that outlive a connection only. */
  awaitRelease(packetIds: readonly number[]): Promise<void>
  subscribe(filters: readonly Wanted[]): Promise<Granted>
  /** UNSUBACK reason codes. */
  unsubscribe(filters: readonly OwnFilter[]): Promise<readonly number[]>
  /** QoS 2 messages that the client has: from now on their PUBREL is sent again, not they. */
  received(ids: readonly number[]): void
  /** Messages that the client is done with. */
  settled(ids: readonly number[]): void
  /** Receipts of messages of QoS 1 that the client has. */
  delivered(receipts: readonly string[]): void
  /** Once, if `open` was granted and nobody took over. */
  close(how: Leaving): Promise<void>
  now(): number
}

export interface Leaving {
  readonly withWill: boolean
  readonly expirySeconds?: number
  /** In words, for people. */
  readonly why: string
}

/** The socket. */
export interface Out {
  send(bytes: Uint8Array): void
  /** The fault that ends it, if one does. */
  close(fault?: PacketFault): void
}

export type { Outbound }
