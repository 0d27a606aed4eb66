import { toBase64 } from '../../codec/base64.ts'
import type { Spelling } from '../topics.ts'

export type QoS = 0 | 1 | 2

export interface Properties {
  readonly payloadFormatIndicator?: number
  /** Seconds. What goes out is what is left of them. */
  readonly messageExpiryInterval?: number
  readonly contentType?: string
  readonly responseTopic?: string
  readonly correlationData?: Uint8Array
  readonly userProperties?: readonly (readonly [string, string])[]
}

export interface Message {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  readonly properties?: Properties
  /** Of the platform's own: by which it is told that a client has it. */
  readonly receipt?: string
}

export interface Will {
  readonly message: Message
  readonly delaySeconds?: number
}

/** A message as one session gets it. */
export interface Copy extends Message {
  /** Subscription identifiers. */
  readonly identifiers?: readonly number[]
  /** How the client named the topic when it subscribed. */
  readonly spelling?: Spelling
}

/**
 * What a client is sent. With an `id` it is kept until the client has it (`settled`), under the packet id that goes
 * with it; without one nothing is kept, and the connection picks the packet id.
 */
export type Outbound =
  | {
      readonly kind: 'publish'
      readonly id?: number
      readonly packetId?: number
      readonly isDup: boolean
      readonly message: Copy
    }
  | { readonly kind: 'pubrel'; readonly id: number; readonly packetId: number }

/** As text and bytes, to be kept. */
export interface Packed {
  readonly head: string
  readonly payload: Uint8Array
}

export function pack<M extends Message>({ payload, properties, ...rest }: M): Packed {
  if (!properties) return { head: JSON.stringify(rest), payload }
  const { correlationData, ...plain } = properties
  const correlation = correlationData && toBase64(correlationData)
  return { head: JSON.stringify({ ...rest, properties: plain, correlation }), payload }
}

export function unpack<M extends Message = Copy>(head: string, payload: ArrayBuffer | Uint8Array): M {
  const { correlation, properties, ...rest } = JSON.parse(head)
  return {
    ...rest,
    ...(properties && {
      properties: { ...properties, ...(correlation !== undefined && { correlationData: fromBase64(correlation) }) },
    }),
    payload: payload instanceof Uint8Array ? payload : new Uint8Array(payload),
  }
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

export function expiryOf({ properties }: Message, now: number): number | null {
  const seconds = properties?.messageExpiryInterval
  return seconds === undefined ? null : now + seconds * 1000
}

/** With what is left of its time. [MQTT-3.3.2-6] */
export function aged<M extends Message>(message: M, expiresAt: number | null, now: number): M {
  if (expiresAt === null) return message
  const messageExpiryInterval = Math.max(0, Math.ceil((expiresAt - now) / 1000))
  return { ...message, properties: { ...message.properties, messageExpiryInterval } }
}

export const isOver = (expiresAt: number | null, now: number) => expiresAt !== null && expiresAt <= now
