import { generate, type Packet } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { connectVersion, decode } from '../../../src/mqtt/decode.ts'
import { encode } from '../../../src/mqtt/encode.ts'
import type { Version } from '../../../src/mqtt/packets.ts'
import { PacketFault } from '../../../src/mqtt/reason-codes.ts'

const text = (value: string) => [value.length >> 8, value.length & 0xff, ...Buffer.from(value)]
const frame = (first: number, ...body: number[]) => Uint8Array.from([first, body.length, ...body])

function faultOf(raw: Uint8Array, version: Version = 5): number | undefined {
  try {
    decode(raw, version)
    return undefined
  } catch (thrown) {
    if (thrown instanceof PacketFault) return thrown.reasonCode
    throw thrown
  }
}

const connect = (version: number, flags: number, rest: readonly number[] = text('c'), name = 'MQTT') =>
  frame(0x10, ...text(name), version, flags, 0, 60, ...(version === 5 ? [0] : []), ...rest)
const publish = (first: number, topic: string, id: readonly number[], properties: readonly number[] = []) =>
  frame(first, ...text(topic), ...id, properties.length, ...properties, 1, 2)
const withConnectProperties = (...properties: number[]) =>
  frame(0x10, ...text('MQTT'), 5, 2, 0, 60, properties.length, ...properties, ...text('c'))

describe('a whole packet', () => {
  it('is read', () => {
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 7,
      contentType: 'json',
      responseTopic: 'r',
      correlationData: Buffer.of(1, 2),
      topicAlias: 3,
    }
    const raw = generate(
      { cmd: 'publish', topic: 't', payload: 'x', qos: 1, dup: true, retain: true, messageId: 9, properties },
      { protocolVersion: 5 },
    )
    const { payload, ...packet } = decode(raw, 5) as Extract<ReturnType<typeof decode>, { type: 'publish' }>
    const { topicAlias, payloadFormatIndicator: _, ...same } = properties
    expect(packet).toEqual({
      type: 'publish',
      topic: 't',
      qos: 1,
      isDup: true,
      retain: true,
      packetId: 9,
      topicAlias,
      properties: { ...same, payloadFormatIndicator: 1, correlationData: Uint8Array.of(1, 2) },
    })
    expect([...payload]).toEqual([0x78])
    expect(payload.buffer.byteLength).toBe(1)
  })

  it('keeps the order of user properties, in both directions [MQTT-3.3.2-18]', () => {
    const pairs = ['b', '1', 'a', '', 'b', '2', '7', 'x', '', 'y']
    const block = Array.from({ length: 5 }, (_, i) => [
      0x26,
      ...text(pairs[i * 2] ?? ''),
      ...text(pairs[i * 2 + 1] ?? ''),
    ]).flat()
    const packet = decode(publish(0x30, 't', [], block), 5)
    if (packet.type !== 'publish') throw new Error(packet.type)
    expect(packet.properties?.userProperties?.flat()).toEqual(pairs)
    const sent = encode({ type: 'publish', message: packet, topic: 't', isDup: false }, 5)
    expect([...sent]).toEqual([...publish(0x30, 't', [], block)])
  })

  it('tells the version before all else', () => {
    expect(connectVersion(connect(4, 2))).toBe(4)
    expect(connectVersion(connect(5, 2))).toBe(5)
    expect(connectVersion(connect(3, 2, text('c'), 'MQIsdp'))).toBe(4)
    expect(connectVersion(connect(6, 2))).toBe(5)
    expect(connectVersion(connect(132, 2))).toBe(4)
    expect(connectVersion(frame(0xc0))).toBeUndefined()
  })

  it.each<[string, number, Uint8Array, Version?]>([
    ['[MQTT-2.1.3-1] a reserved flag', 0x81, frame(0xc1)],
    ['[MQTT-2.1.3-1] of 3.1.1 [MQTT-2.2.2-2]', 0x81, frame(0xe1), 4],
    ['[MQTT-1.5.4-1] text that is not UTF-8', 0x81, frame(0x30, 0, 2, 0xc3, 0x28, 0)],
    ['[MQTT-1.5.4-1] a surrogate', 0x81, frame(0x30, 0, 3, 0xed, 0xa0, 0x80, 0)],
    ['[MQTT-1.5.4-2] U+0000', 0x81, publish(0x30, 'a\0b', [])],
    ['[MQTT-1.5.5-1] a length that is longer than need be', 0x81, Uint8Array.of(0xc0, 0x80, 0x00)],
    ['[MQTT-2.2.1-3] packet id 0', 0x82, publish(0x32, 't', [0, 0])],
    ['[MQTT-3.3.1-2] DUP with QoS 0', 0x81, publish(0x38, 't', [])],
    ['[MQTT-3.3.1-4] QoS 3', 0x81, publish(0x36, 't', [0, 1])],
    ['[MQTT-3.3.2-2] + in a topic', 0x90, publish(0x30, 'a/+', [])],
    ['[MQTT-3.3.2-2] # in a topic', 0x90, publish(0x30, '#', [])],
    ['[MQTT-4.7.3-1] an empty topic in 3.1.1', 0x90, frame(0x30, 0, 0), 4],
    ['[MQTT-3.3.2-8] topic alias 0', 0x94, publish(0x30, 't', [], [0x23, 0, 0])],
    ['[MQTT-3.3.2-14] a response topic with wildcards', 0x82, publish(0x30, 't', [], [0x08, ...text('+')])],
    ['[MQTT-3.3.4-6] a subscription identifier', 0x82, publish(0x30, 't', [], [0x0b, 1])],
    ['a property twice', 0x82, publish(0x30, 't', [], [0x01, 0, 0x01, 0])],
    ['a property that is 0 or 1', 0x82, publish(0x30, 't', [], [0x01, 2])],
    ['a property of another packet', 0x81, publish(0x30, 't', [], [0x21, 0, 1])],
    ['an unknown property', 0x81, publish(0x30, 't', [], [0x77, 1])],
    ['properties beyond the packet', 0x81, frame(0x30, ...text('t'), 99)],
    ['a property beyond its block', 0x81, frame(0x30, ...text('t'), 3, 0x03, 0, 5, 65, 66, 67, 68, 69)],
    ['a reserved type', 0x82, frame(0x00)],
    ["a server's packet", 0x82, frame(0x20, 0, 0)],
    ['[MQTT-3.1.2-2] another level', 0x84, connect(6, 2)],
    ['[MQTT-3.1.2-2] MQTT 3.1', 0x84, connect(3, 2, text('c'), 'MQIsdp'), 4],
    ['[MQTT-3.1.2-1] another protocol', 0x82, connect(4, 2, text('c'), 'MQTX'), 4],
    ['[MQTT-3.1.2-3] the reserved connect flag', 0x81, connect(5, 3)],
    ['[MQTT-3.1.2-11] will QoS without a will', 0x81, connect(5, 0x0a)],
    ['[MQTT-3.1.2-12] will QoS 3', 0x81, connect(5, 0x1e, [...text('c'), 0, ...text('t'), 0, 0])],
    ['[MQTT-3.1.2-13] will retain without a will', 0x81, connect(5, 0x22)],
    ['3.1.1 [MQTT-3.1.2-22] a password without a user name', 0x81, connect(4, 0x42, [...text('c'), 0, 0]), 4],
    ['a CONNECT that ends early', 0x81, connect(5, 0x82)],
    ['bytes behind a CONNECT', 0x81, connect(5, 2, [...text('c'), 1])],
    ['a will topic with wildcards', 0x90, connect(5, 6, [...text('c'), 0, ...text('#'), 0, 0])],
    ['receive maximum 0', 0x82, withConnectProperties(0x21, 0, 0)],
    ['maximum packet size 0', 0x82, withConnectProperties(0x27, 0, 0, 0, 0)],
    ['a session expiry twice', 0x82, withConnectProperties(0x11, 0, 0, 0, 0, 0x11, 0, 0, 0, 0)],
    ['authentication data alone', 0x82, withConnectProperties(0x16, 0, 0)],
    ['[MQTT-3.8.1-1] flags of SUBSCRIBE', 0x81, frame(0x80, 0, 1, 0, ...text('t'), 0)],
    ['[MQTT-3.8.3-2] SUBSCRIBE without filters', 0x82, frame(0x82, 0, 1, 0)],
    ['[MQTT-3.8.3-4] No Local on a shared subscription', 0x82, frame(0x82, 0, 1, 0, ...text('$share/g/t'), 4)],
    ['[MQTT-3.8.3-5] reserved options', 0x81, frame(0x82, 0, 1, 0, ...text('t'), 0x40)],
    ['3.1.1 [MQTT-3.8.3-4] reserved bits', 0x81, frame(0x82, 0, 1, ...text('t'), 4), 4],
    ['subscription QoS 3', 0x81, frame(0x82, 0, 1, 0, ...text('t'), 3)],
    ['retain handling 3', 0x82, frame(0x82, 0, 1, 0, ...text('t'), 0x30)],
    ['subscription identifier 0', 0x82, frame(0x82, 0, 1, 2, 0x0b, 0, ...text('t'), 0)],
    ['a filter without options', 0x81, frame(0x82, 0, 1, 0, ...text('t'))],
    ['[MQTT-3.10.1-1] flags of UNSUBSCRIBE', 0x81, frame(0xa0, 0, 1, 0, ...text('t'))],
    ['[MQTT-3.10.3-2] UNSUBSCRIBE without filters', 0x82, frame(0xa2, 0, 1, 0)],
    ['[MQTT-3.6.1-1] flags of PUBREL', 0x81, frame(0x60, 0, 1)],
    ['PUBACK with packet id 0', 0x82, frame(0x40, 0, 0)],
    ['PUBACK with an unknown reason', 0x82, frame(0x40, 0, 1, 0x55)],
    ['a short PUBACK', 0x81, frame(0x40, 1)],
    ['a long PUBACK of 3.1.1', 0x81, frame(0x40, 0, 1, 0), 4],
    ['[MQTT-3.14.1-1] flags of DISCONNECT', 0x81, frame(0xe2)],
    ['DISCONNECT with an unknown reason', 0x82, frame(0xe0, 0x01)],
    ['a PINGREQ with a body', 0x81, frame(0xc0, 0)],
    ['AUTH in 3.1.1', 0x82, frame(0xf0), 4],
  ])('%s is refused with 0x%s', (_, code, raw, version) => {
    expect(faultOf(raw, version)).toBe(code)
  })

  it.each<[string, Uint8Array, Version?]>([
    ['[MQTT-1.5.4-3] text with a byte order mark', frame(0x30, 0, 4, 0xef, 0xbb, 0xbf, 65, 0)],
    ['an empty topic, for which an alias may stand', publish(0x30, '', [], [0x23, 0, 1])],
    ['a password without a user name in 5.0', connect(5, 0x42, [...text('c'), 0, 1, 9])],
    ['an acknowledgement with a reason and no properties', frame(0x40, 0, 1, 0x10)],
    ['an acknowledgement with properties', frame(0x40, 0, 1, 0x87, 4, 0x1f, ...text('x'))],
    ['DISCONNECT with a session expiry', frame(0xe0, 0x04, 5, 0x11, 0, 0, 0, 9)],
    ['an AUTH', frame(0xf0, 0x19, 4, 0x15, ...text('x'))],
    ['an empty payload', frame(0x30, ...text('t')), 4],
  ])('%s is taken', (_, raw, version) => {
    expect(faultOf(raw, version)).toBeUndefined()
  })

  it('is read rightly after one that mqtt-packet could not read', () => {
    for (const bad of [publish(0x30, 't', [], [0x77, 1]), frame(0xe0, 0x01)]) {
      expect(faultOf(bad)).toBeDefined()
      expect(decode(publish(0x30, 't', []), 5)).toMatchObject({ type: 'publish', topic: 't' })
    }
  })

  it('gives what mqtt-packet reads, whatever it says', () => {
    const packets: Packet[] = [
      {
        cmd: 'subscribe',
        messageId: 5,
        subscriptions: [{ topic: 'a', qos: 2, nl: true, rap: true, rh: 1 }],
        properties: { subscriptionIdentifier: 300 },
      },
      { cmd: 'unsubscribe', messageId: 6, unsubscriptions: ['a', 'b'] },
      { cmd: 'disconnect', reasonCode: 4, properties: { sessionExpiryInterval: 9 } },
    ]
    expect(packets.map((packet) => decode(generate(packet, { protocolVersion: 5 }), 5))).toEqual([
      {
        type: 'subscribe',
        packetId: 5,
        identifier: 300,
        filters: [{ filter: 'a', qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 1 }],
      },
      { type: 'unsubscribe', packetId: 6, filters: ['a', 'b'] },
      { type: 'disconnect', reasonCode: 4, sessionExpiryInterval: 9 },
    ])
  })
})
