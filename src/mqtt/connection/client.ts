import type { Version } from '../packets.ts'
import type { Speaker } from './ports.ts'

/** What was agreed with the CONNACK. As JSON it is kept with the connection. */
export interface Client {
  readonly version: Version
  readonly clientId: string
  readonly speaker: Speaker
  /** Seconds; 0 is without end. */
  readonly keepAlive: number
  /** How long the session outlives the connection. */
  readonly expirySeconds: number
  /** What the client takes. */
  readonly receiveMaximum: number
  readonly maximumPacketSize?: number
  readonly topicAliasMaximum: number
  /** Whether it takes reason strings with acknowledgements. */
  readonly wantsReasons: boolean
}
