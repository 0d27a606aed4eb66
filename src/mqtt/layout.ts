import type { Version } from './packets.ts'
import { checkProperties, type UserProperty } from './properties.ts'
import { Reader } from './reader.ts'
import { malformed, PacketFault, protocolError, reasons } from './reason-codes.ts'
import { isTopicName } from './topics.ts'

/** What a parse by mqtt-packet would lose: it orders user properties by their names. */
export interface Layout {
  readonly userProperties?: readonly UserProperty[]
  readonly willUserProperties?: readonly UserProperty[]
}

interface Packet {
  readonly flags: number
  readonly version: Version
  readonly reader: Reader
}

const ackReasons = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]
const releaseReasons = [0x00, 0x92]
const disconnectReasons = [
  ...[0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99],
  // Those that only a server has a use for, and some clients say all the same.
  ...[0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2],
]

/** By the type of packet. */
const layouts: Readonly<Record<number, (packet: Packet) => Layout>> = {
  1: checkConnect,
  3: checkPublish,
  4: (packet) => checkAck(packet, 0, ackReasons),
  5: (packet) => checkAck(packet, 0, ackReasons),
  6: (packet) => checkAck(packet, 2, releaseReasons),
  7: (packet) => checkAck(packet, 0, releaseReasons),
  8: checkSubscribe,
  10: checkUnsubscribe,
  12: checkPingreq,
  14: checkDisconnect,
  15: checkAuth,
}

/**
 * Everything that the standard demands of a whole packet from a client, and mqtt-packet does not look at.
 * @throws PacketFault
 */
export function checkLayout(frame: Uint8Array, version: Version): Layout {
  const reader = new Reader(frame)
  const first = reader.byte()
  skipLength(reader, version)
  const check = layouts[first >> 4]
  if (!check) throw protocolError('A client sends no such packet.')
  const layout = check({ flags: first & 0x0f, version, reader })
  if (!reader.isAtEnd) throw malformed('Bytes follow the last field.')
  return layout
}

/** 3.1.1 does not forbid a length that is longer than it need be. */
function skipLength(reader: Reader, version: Version): void {
  if (version === 5) reader.variable()
  else while (reader.byte() >= 0x80);
}

/** [MQTT-2.1.3-1] */
function checkFlags({ flags }: Packet, expected: number): void {
  if (flags !== expected) throw malformed('Reserved flags of the fixed header are not as they must be.')
}

function checkPacketId({ reader }: Packet): void {
  // [MQTT-2.2.1-3]
  if (reader.uint16() === 0) throw protocolError('A packet identifier is not 0.')
}

function checkConnect(packet: Packet): Layout {
  checkFlags(packet, 0)
  const { reader, version } = packet
  checkProtocol(reader.text(), reader.byte())
  const flags = reader.byte()
  checkConnectFlags(flags, version)
  reader.uint16()
  const userProperties = version === 5 ? checkProperties(reader, 'connect') : []
  reader.text()
  const willUserProperties = flags & 0x04 ? checkWill(reader, version) : []
  if (flags & 0x80) reader.text()
  if (flags & 0x40) reader.binary()
  return { userProperties, willUserProperties }
}

/** [MQTT-3.1.2-1] [MQTT-3.1.2-2] */
function checkProtocol(name: string, level: number): void {
  const isKnown = name === 'MQTT' || name === 'MQIsdp'
  if (!isKnown && level < 5) throw protocolError('This is not MQTT.')
  if (name === 'MQTT' && (level === 4 || level === 5)) return
  throw new PacketFault(reasons.unsupportedVersion, 'MQTT 3.1.1 and 5.0 are spoken here.')
}

function checkConnectFlags(flags: number, version: Version): void {
  const willQos = (flags >> 3) & 0x03
  // [MQTT-3.1.2-3]
  if (flags & 0x01) throw malformed('The reserved flag of CONNECT is set.')
  // [MQTT-3.1.2-11] to [MQTT-3.1.2-15]
  if (!(flags & 0x04) && flags & 0x38) throw malformed('There are will flags and no will.')
  if (willQos === 3) throw malformed('There is no QoS 3.')
  // MQTT 3.1.1: [MQTT-3.1.2-22]
  if (version === 4 && (flags & 0xc0) === 0x40) throw malformed('There is a password and no user name.')
}

function checkWill(reader: Reader, version: Version): readonly UserProperty[] {
  const users = version === 5 ? checkProperties(reader, 'will') : []
  checkTopic(reader.text())
  reader.binary()
  return users
}

function checkTopic(topic: string): void {
  if (!isTopicName(topic))
    throw new PacketFault(reasons.topicNameInvalid, 'A topic name is not empty and has no + or #.')
}

function checkPublish(packet: Packet): Layout {
  const { flags, reader, version } = packet
  const qos = (flags >> 1) & 0x03
  // [MQTT-3.3.1-4]
  if (qos === 3) throw malformed('There is no QoS 3.')
  // [MQTT-3.3.1-2]
  if (qos === 0 && flags & 0x08) throw malformed('DUP does not go with QoS 0.')
  const topic = reader.text()
  // 5.0: an alias may stand for it, which the connection knows.
  if (version === 4 || topic !== '') checkTopic(topic)
  if (qos > 0) checkPacketId(packet)
  const userProperties = version === 5 ? checkProperties(reader, 'publish') : []
  reader.rest()
  return { userProperties }
}

function checkAck(packet: Packet, flags: number, known: readonly number[]): Layout {
  checkFlags(packet, flags)
  checkPacketId(packet)
  if (packet.version === 5) checkReason(packet, known, 'ack')
  return {}
}

/** A reason code and properties, where both or the latter may be left out. */
function checkReason({ reader }: Packet, known: readonly number[], place: 'ack' | 'disconnect'): void {
  if (reader.isAtEnd) return
  const reasonCode = reader.byte()
  if (!known.includes(reasonCode)) throw protocolError('This packet has no such reason code.')
  if (!reader.isAtEnd) checkProperties(reader, place)
}

function checkSubscribe(packet: Packet): Layout {
  const { reader, version } = packet
  // [MQTT-3.8.1-1]
  checkFlags(packet, 2)
  checkPacketId(packet)
  if (version === 5) checkProperties(reader, 'subscribe')
  // [MQTT-3.8.3-2]
  if (reader.isAtEnd) throw protocolError('SUBSCRIBE has at least one filter.')
  while (!reader.isAtEnd) checkSubscription(reader.text(), reader.byte(), version)
  return {}
}

function checkSubscription(filter: string, options: number, version: Version): void {
  // [MQTT-3.8.3-5]; MQTT 3.1.1: [MQTT-3.8.3-4]
  if (options & (version === 5 ? 0xc0 : 0xfc)) throw malformed('Reserved subscription options are set.')
  if ((options & 0x03) === 3) throw malformed('There is no QoS 3.')
  if ((options & 0x30) === 0x30) throw protocolError('There is no retain handling 3.')
  // [MQTT-3.8.3-4]
  if (options & 0x04 && filter.startsWith('$share/'))
    throw protocolError('No Local does not go with a shared subscription.')
}

function checkUnsubscribe(packet: Packet): Layout {
  const { reader, version } = packet
  // [MQTT-3.10.1-1]
  checkFlags(packet, 2)
  checkPacketId(packet)
  if (version === 5) checkProperties(reader, 'unsubscribe')
  // [MQTT-3.10.3-2]
  if (reader.isAtEnd) throw protocolError('UNSUBSCRIBE has at least one filter.')
  while (!reader.isAtEnd) reader.text()
  return {}
}

function checkPingreq(packet: Packet): Layout {
  checkFlags(packet, 0)
  return {}
}

function checkDisconnect(packet: Packet): Layout {
  // [MQTT-3.14.1-1]
  checkFlags(packet, 0)
  if (packet.version === 5) checkReason(packet, disconnectReasons, 'disconnect')
  return {}
}

function checkAuth(packet: Packet): Layout {
  const { reader, version } = packet
  if (version === 4) throw protocolError('MQTT 3.1.1 has no AUTH.')
  // [MQTT-3.15.1-1]
  checkFlags(packet, 0)
  if (reader.isAtEnd) return {}
  reader.byte()
  if (!reader.isAtEnd) checkProperties(reader, 'auth')
  return {}
}
