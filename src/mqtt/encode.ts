import { generate, type Packet, writeToStream } from 'mqtt-packet'
import type { ConnackPacket, OutgoingPublish, ServerPacket, Version } from './packets.ts'
import { isFailure, toReturnCode } from './reason-codes.ts'

// Else it makes 65,536 buffers with the first packet: 70 ms and 18 MB.
writeToStream.cacheNumbers = false

export function encode(packet: ServerPacket, version: Version): Uint8Array {
  return generate(toPacket(packet, version), { protocolVersion: version })
}

function toPacket(packet: ServerPacket, version: Version): Packet {
  switch (packet.type) {
    case 'connack':
      return version === 5 ? toConnack(packet) : toReturn(packet)
    case 'publish':
      return toPublish(packet)
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp': {
      const { type, packetId, reasonCode, reason } = packet
      return { cmd: type, messageId: packetId, reasonCode, ...reasonString(reason) }
    }
    case 'suback': {
      // MQTT 3.1.1: [MQTT-3.9.3-2]
      const codes = packet.codes.map((code) => (version === 4 && isFailure(code) ? 0x80 : code))
      return { cmd: 'suback', messageId: packet.packetId, granted: codes }
    }
    case 'unsuback':
      return { cmd: 'unsuback', messageId: packet.packetId, granted: [...packet.codes] }
    case 'pingresp':
      return { cmd: 'pingresp' }
    case 'disconnect':
      return { cmd: 'disconnect', reasonCode: packet.reasonCode, ...reasonString(packet.reason) }
  }
}

function toConnack({ sessionPresent, reasonCode, reason, offer }: ConnackPacket): Packet {
  // What is not said is offered: QoS 2, retained messages, wildcards, subscription identifiers.
  const properties = offer && { ...offer, sharedSubscriptionAvailable: false }
  return {
    cmd: 'connack',
    sessionPresent,
    reasonCode,
    properties: { ...properties, ...(reason && { reasonString: reason }) },
  }
}

function toReturn({ sessionPresent, reasonCode }: ConnackPacket): Packet {
  return { cmd: 'connack', sessionPresent, returnCode: toReturnCode(reasonCode) ?? 3 }
}

function toPublish({ message, topic, topicAlias, packetId, isDup }: OutgoingPublish): Packet {
  const { payload, qos, retain, properties = {}, identifiers } = message
  const { userProperties = [], payloadFormatIndicator, correlationData, ...plain } = properties
  return {
    cmd: 'publish',
    topic,
    payload: toBuffer(payload),
    qos,
    retain,
    dup: isDup,
    ...(packetId !== undefined && { messageId: packetId }),
    properties: {
      ...plain,
      ...(payloadFormatIndicator !== undefined && { payloadFormatIndicator: payloadFormatIndicator === 1 }),
      ...(correlationData && { correlationData: toBuffer(correlationData) }),
      ...(topicAlias !== undefined && { topicAlias }),
      ...(identifiers && { subscriptionIdentifier: [...identifiers] }),
      ...inOrder(userProperties),
    },
  }
}

/**
 * [MQTT-3.3.2-18]: an object for each pair, which mqtt-packet writes as they come. Its types know but one object, in
 * which the pairs of one name stand together.
 */
function inOrder(pairs: readonly (readonly [string, string])[]): { userProperties?: Record<string, string> } {
  if (pairs.length === 0) return {}
  const list: unknown = pairs.map(([name, value]) => Object.fromEntries([[name, value]]))
  return { userProperties: list as Record<string, string> }
}

function reasonString(reason: string | undefined): { properties?: { reasonString: string } } {
  return reason === undefined ? {} : { properties: { reasonString: reason } }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
