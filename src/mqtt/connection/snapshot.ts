import { toBase64 } from '../../codec/base64.ts'
import { limits } from '../../domain/limits.ts'
import type { Version } from '../packets.ts'
import { fromBase64 } from '../space/message.ts'
import type { Client } from './client.ts'
import { Incoming, type IncomingSnapshot } from './incoming.ts'
import type { OutgoingSnapshot } from './outgoing.ts'

export interface Snapshot {
  readonly text: string
  /** It has room in a socket's attachment; else it is to be kept elsewhere. */
  readonly isSmall: boolean
}

export interface ConnectionState {
  readonly heardAt: number
  /** The beginning of a packet. */
  readonly remainder: Uint8Array
  readonly version: Version | undefined
  readonly client: Client | undefined
  readonly incoming: Incoming
  readonly outgoing: OutgoingSnapshot
}

interface Packed {
  readonly heardAt: number
  readonly remainder: string
  readonly version?: Version
  readonly client?: Client
  readonly incoming: IncomingSnapshot
  readonly outgoing: OutgoingSnapshot
}

export function writeSnapshot({ remainder, incoming, ...state }: ConnectionState): Snapshot {
  const text = JSON.stringify({ ...state, remainder: toBase64(remainder), incoming: incoming.snapshot() })
  return { text, isSmall: storedBytes(text) <= limits.mqttSnapshotBytes }
}

/** `text` comes from `writeSnapshot`. */
export function readSnapshot(text: string): ConnectionState {
  const { version, client, incoming, remainder, ...state }: Packed = JSON.parse(text)
  return { ...state, version, client, remainder: fromBase64(remainder), incoming: new Incoming(incoming) }
}

/** A structured clone takes two bytes a character if one is beyond Latin-1. */
function storedBytes(text: string): number {
  return /^[\0-\xff]*$/.test(text) ? text.length : text.length * 2
}
