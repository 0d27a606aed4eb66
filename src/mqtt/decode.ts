import type { IConnectPacket, IPublishPacket, ISubscribePacket, Packet } from 'mqtt-packet'
import { checkLayout, type Layout } from './layout.ts'
import { PacketParser } from './packet-parser.ts'
import type {
  ClientPacket,
  ConnectPacket,
  Properties,
  PublishPacket,
  SubscribePacket,
  Version,
  Will,
} from './packets.ts'
import type { UserProperty } from './properties.ts'
import { Reader } from './reader.ts'
import { malformed } from './reason-codes.ts'

// A parser takes the settings of a CONNECT for those of all that follows, so CONNECT has one of its own.
const parsers = { connect: new PacketParser(4), 4: new PacketParser(4), 5: new PacketParser(5) }

/** In which version a CONNECT wants its answer, be it one that we speak or not. Undefined: it is no CONNECT. */
export function connectVersion(frame: Uint8Array): Version | undefined {
  const reader = new Reader(frame)
  if (reader.byte() >> 4 !== 1) return undefined
  while (reader.byte() >= 0x80);
  reader.binary()
  // A bridge sets the highest bit.
  return (reader.byte() & 0x7f) >= 5 ? 5 : 4
}

/**
 * One whole packet from a client.
 * @throws PacketFault with the reason code that the standard names
 */
export function decode(frame: Uint8Array, version: Version): ClientPacket {
  const layout = checkLayout(frame, version)
  switch ((frame[0] ?? 0) >> 4) {
    case 1:
      return toClientPacket(parsers.connect.parse(frame), layout)
    case 12:
      return { type: 'pingreq' }
    case 15:
      return { type: 'auth' }
    default:
      return toClientPacket(parsers[version].parse(frame), layout)
  }
}

function toClientPacket(packet: Packet, layout: Layout): ClientPacket {
  switch (packet.cmd) {
    case 'connect':
      return toConnect(packet, layout)
    case 'publish':
      return toPublish(packet, layout)
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return { type: packet.cmd, packetId: packet.messageId ?? 0, reasonCode: packet.reasonCode ?? 0 }
    case 'subscribe':
      return toSubscribe(packet)
    case 'unsubscribe':
      return { type: 'unsubscribe', packetId: packet.messageId ?? 0, filters: packet.unsubscriptions }
    case 'disconnect':
      return {
        type: 'disconnect',
        reasonCode: packet.reasonCode ?? 0,
        ...present({ sessionExpiryInterval: packet.properties?.sessionExpiryInterval }),
      }
    default:
      throw malformed('A client sends no such packet.')
  }
}

function toConnect(packet: IConnectPacket, { willUserProperties }: Layout): ConnectPacket {
  const { will, properties = {} } = packet
  return {
    type: 'connect',
    clientId: packet.clientId,
    isClean: packet.clean === true,
    keepAlive: packet.keepalive ?? 0,
    wantsReasons: properties.requestProblemInformation !== false,
    ...present({
      username: packet.username,
      password: packet.password && toBytes(packet.password),
      will: will && toWill(will, willUserProperties),
      sessionExpiryInterval: properties.sessionExpiryInterval,
      receiveMaximum: properties.receiveMaximum,
      maximumPacketSize: properties.maximumPacketSize,
      topicAliasMaximum: properties.topicAliasMaximum,
      authenticationMethod: properties.authenticationMethod,
    }),
  }
}

function toWill(will: NonNullable<IConnectPacket['will']>, users: Layout['willUserProperties']): Will {
  const { topic, payload, qos = 0, retain = false, properties } = will
  return {
    message: { topic, payload: toBytes(payload), qos, retain, ...toProperties(properties, users) },
    ...present({ delaySeconds: properties?.willDelayInterval }),
  }
}

function toPublish(packet: IPublishPacket, { userProperties }: Layout): PublishPacket {
  const { topic, payload, qos, retain, dup, properties } = packet
  return {
    type: 'publish',
    topic,
    payload: toBytes(payload),
    qos,
    retain,
    isDup: dup,
    ...(qos > 0 && present({ packetId: packet.messageId })),
    ...present({ topicAlias: properties?.topicAlias }),
    ...toProperties(properties, userProperties),
  }
}

function toSubscribe({ messageId = 0, subscriptions, properties }: ISubscribePacket): SubscribePacket {
  return {
    type: 'subscribe',
    packetId: messageId,
    filters: subscriptions.map(({ topic, qos, nl = false, rap = false, rh }) => ({
      filter: topic,
      qos,
      noLocal: nl,
      retainAsPublished: rap,
      retainHandling: rh === 1 || rh === 2 ? rh : 0,
    })),
    ...present({ identifier: properties?.subscriptionIdentifier }),
  }
}

function toProperties(
  properties: IPublishPacket['properties'],
  users: readonly UserProperty[] = [],
): { properties?: Properties } {
  if (!properties) return {}
  const { payloadFormatIndicator: isText } = properties
  const known = present({
    payloadFormatIndicator: isText === undefined ? undefined : Number(isText),
    messageExpiryInterval: properties.messageExpiryInterval,
    contentType: properties.contentType,
    responseTopic: properties.responseTopic,
    correlationData: properties.correlationData && toBytes(properties.correlationData),
    userProperties: users.length > 0 ? users : undefined,
  })
  return Object.keys(known).length > 0 ? { properties: known } : {}
}

/** A copy: a view would hold on to the whole frame, and take all of it along over RPC. */
function toBytes(bytes: string | Uint8Array): Uint8Array {
  return typeof bytes === 'string' ? new TextEncoder().encode(bytes) : new Uint8Array(bytes)
}

type Present<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> }

function present<Fields extends object>(fields: Fields): Present<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  // The guarantee: what is left of the fields has no undefined value.
  return Object.fromEntries(entries) as Present<Fields>
}
