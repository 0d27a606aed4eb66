import type { Copy, Message, Properties, QoS, Will } from './space/message.ts'

/** Protocol levels: 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type Version = 4 | 5

export interface ConnectPacket {
  readonly type: 'connect'
  readonly clientId: string
  /** Clean Start, Clean Session. */
  readonly isClean: boolean
  /** Seconds; 0 is without end. */
  readonly keepAlive: number
  readonly username?: string
  readonly password?: Uint8Array
  readonly will?: Will
  /** Seconds; undefined in 3.1.1. */
  readonly sessionExpiryInterval?: number
  readonly receiveMaximum?: number
  readonly maximumPacketSize?: number
  readonly topicAliasMaximum?: number
  /** Whether reason strings may come with every kind of packet. */
  readonly wantsReasons: boolean
  readonly authenticationMethod?: string
}

export interface PublishPacket extends Message {
  readonly type: 'publish'
  readonly isDup: boolean
  /** With QoS 1 and 2. */
  readonly packetId?: number
  readonly topicAlias?: number
}

export type AckType = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'

export interface AckPacket<Type extends AckType = AckType> {
  readonly type: Type
  readonly packetId: number
  readonly reasonCode: number
}

/** As it stands in the packet. */
export interface WantedFilter {
  readonly filter: string
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: 0 | 1 | 2
}

export interface SubscribePacket {
  readonly type: 'subscribe'
  readonly packetId: number
  readonly identifier?: number
  readonly filters: readonly WantedFilter[]
}

export interface UnsubscribePacket {
  readonly type: 'unsubscribe'
  readonly packetId: number
  readonly filters: readonly string[]
}

export interface DisconnectPacket {
  readonly type: 'disconnect'
  readonly reasonCode: number
  readonly sessionExpiryInterval?: number
}

export type ClientPacket =
  | ConnectPacket
  | PublishPacket
  | AckPacket<'puback'>
  | AckPacket<'pubrec'>
  | AckPacket<'pubrel'>
  | AckPacket<'pubcomp'>
  | SubscribePacket
  | UnsubscribePacket
  | DisconnectPacket
  | { readonly type: 'pingreq' }
  | { readonly type: 'auth' }

export interface ConnackPacket {
  readonly type: 'connack'
  readonly sessionPresent: boolean
  readonly reasonCode: number
  readonly reason?: string
  /** What this side offers. Left out of a refusal. */
  readonly offer?: {
    readonly sessionExpiryInterval?: number
    readonly assignedClientIdentifier?: string
    readonly serverKeepAlive?: number
    readonly receiveMaximum: number
    readonly maximumPacketSize: number
    readonly topicAliasMaximum: number
  }
}

export interface OutgoingPublish {
  readonly type: 'publish'
  readonly message: Copy
  /** As it goes out: respelled, and empty where an alias stands for it. */
  readonly topic: string
  readonly topicAlias?: number
  readonly packetId?: number
  readonly isDup: boolean
}

export type ServerPacket =
  | ConnackPacket
  | OutgoingPublish
  | (AckPacket & { readonly reason?: string })
  | { readonly type: 'suback' | 'unsuback'; readonly packetId: number; readonly codes: readonly number[] }
  | { readonly type: 'pingresp' }
  | { readonly type: 'disconnect'; readonly reasonCode: number; readonly reason?: string }

export type { Copy, Message, Properties, QoS, Will }
