import type { Packet } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/domain/errors.ts'
import { limits } from '../../../src/domain/limits.ts'
import type { Inbound, Outcome } from '../../../src/mqtt/connection/ports.ts'
import { canonical, gate, openConnection, own, packed, publishPacket, turns } from './fakes.ts'

const pubrel = (messageId: number): Packet => ({ cmd: 'pubrel', messageId, reasonCode: 0 })
const one = (messageId: number, fields = {}) => publishPacket({ qos: 1, messageId, ...fields })
const two = (messageId: number, fields = {}) => publishPacket({ qos: 2, messageId, ...fields })
const short = (packets: readonly Packet[]) => packets.map(({ cmd, messageId }) => `${cmd} ${messageId ?? ''}`.trim())

async function connected(options: Parameters<typeof openConnection>[0] = {}, connect = {}) {
  const client = openConnection(options)
  await client.connect(connect)
  return client
}

/** Nothing is done before the door opens. */
function heldPublish() {
  const door = gate()
  const publish = async (messages: readonly Inbound[]) => {
    await door.opened
    return messages.map(() => 'done' as const)
  }
  return { door, publish }
}

/** Outcomes by the packet id. */
const saying = (outcomes: Record<number, Outcome>) => async (messages: readonly Inbound[]) =>
  messages.map(({ packetId = 0 }): Outcome => outcomes[packetId] ?? 'done')

describe.each([4, 5] as const)('PUBLISH at level %i', (version) => {
  it('hands a message on, by its canonical topic', async () => {
    const client = await connected({ version })
    await client.say(publishPacket({ topic: 'v1/devices/me/telemetry', payload: 'x', retain: true }))
    const ownTopic = { path: 'telemetry', topic: canonical('telemetry'), spelling: 'me' }
    expect(client.messages()).toEqual([
      {
        topic: canonical('telemetry'),
        own: ownTopic,
        payload: Uint8Array.of(0x78),
        qos: 0,
        retain: true,
        isDup: false,
      },
    ])
    expect(client.replies).toEqual([])
  })

  it('acknowledges QoS 1 and 2 when the message is taken, and not before [MQTT-4.3.2-4] [MQTT-4.3.3-8]', async () => {
    const { door, publish } = heldPublish()
    const client = await connected({ version, publish })
    const said = client.say(one(7), two(8))
    await turns()
    expect(client.replies).toEqual([])
    door.open()
    await said
    expect(client.replies).toMatchObject([
      { cmd: 'puback', messageId: 7 },
      { cmd: 'pubrec', messageId: 8 },
    ])
  })

  it('sends what came while others are under way as one call, and acknowledges in order [MQTT-4.6.0-2]', async () => {
    const door = gate()
    let isFirst = true
    const publish = async (messages: readonly Inbound[]) => {
      if (isFirst) {
        isFirst = false
        await door.opened
      }
      return messages.map(() => 'done' as const)
    }
    const client = await connected({ version, publish })
    for (const id of [1, 2, 3, 4]) {
      client.connection.receive(packed(one(id), version), 0)
      await turns()
    }
    await turns()
    expect(client.replies).toEqual([])
    door.open()
    await client.connection.idle()
    expect(short(client.replies)).toEqual(['puback 1', 'puback 2', 'puback 3', 'puback 4'])
    expect(client.calls.filter(([name]) => name === 'publish').map(([, it]) => (it as Inbound[]).length)).toEqual([
      1, 3,
    ])
  })

  it('sends the packets of one frame as one call, and acknowledges them in one', async () => {
    const client = await connected({ version })
    const before = client.state.sends
    await client.say(one(1), publishPacket(), two(2), one(3))
    expect(client.calls.filter(([name]) => name === 'publish')).toHaveLength(1)
    expect(client.state.sends).toBe(before + 1)
  })

  it('keeps its place among other packets, and answers PINGREQ at once', async () => {
    const { door, publish } = heldPublish()
    const client = await connected({ version, publish })
    const said = client.say(
      one(1),
      { cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: own('x'), qos: 0 }] },
      one(3),
      { cmd: 'pingreq' },
    )
    await turns()
    expect(short(client.replies)).toEqual(['pingresp'])
    door.open()
    await said
    expect(short(client.replies)).toEqual(['pingresp', 'puback 1', 'suback 2', 'puback 3'])
  })

  it('never acknowledges a passing fault, nor what came behind it, and closes', async () => {
    const passing = { passing: { code: 'unavailable', detail: 'Away.' } } as const
    const client = await connected({ version, publish: saying({ 2: passing }) })
    await client.say(one(1), one(2), one(3))
    expect(short(client.replies)).toEqual(version === 5 ? ['puback 1', 'disconnect'] : ['puback 1'])
    if (version === 5)
      expect(client.replies[1]).toMatchObject({ reasonCode: 0x83, properties: { reasonString: 'Away.' } })
    expect(client.state.isClosed).toBe(true)
    expect(client.closes()).toEqual([{ withWill: true }])
  })

  it('takes a QoS 2 message behind one that must come again: it is not published twice', async () => {
    const passing = { passing: { code: 'unavailable', detail: 'Away.' } } as const
    const session = { clean: false, properties: { sessionExpiryInterval: 60 } }
    const client = await connected({ version, publish: saying({ 1: passing }) }, session)
    await client.say(one(1), two(2))
    expect(short(client.replies)).toEqual(version === 5 ? ['disconnect'] : [])
    expect(client.calls.filter(([name]) => name === 'awaitRelease').map(([, ids]) => ids)).toEqual([[2]])
    const open = async () => ({ sessionPresent: true, inbound: [2] })
    const again = await connected({ version, open }, session)
    await again.say(one(1, { dup: true }), two(2, { dup: true }))
    expect(short(again.replies)).toEqual(['puback 1', 'pubrec 2'])
    expect(again.messages().map(({ packetId }) => packetId)).toEqual([1])
  })

  it('names the limit that was hit', async () => {
    const over = { passing: { code: 'quota_exceeded', detail: 'Over.' } } as const
    const client = await connected({ version, publish: saying({ 1: over }) })
    await client.say(two(1))
    expect(client.replies).toMatchObject(version === 5 ? [{ cmd: 'disconnect', reasonCode: 0x97 }] : [])
    expect(client.state.isClosed).toBe(true)
  })

  it('takes a port that fails for a passing fault', async () => {
    const publish = async () => {
      throw new AppError('unavailable', { detail: 'Away.' })
    }
    const client = await connected({ version, publish })
    await client.say(one(1))
    expect(client.replies).toMatchObject(version === 5 ? [{ reasonCode: 0x83 }] : [])
    expect(client.state.isClosed).toBe(true)
  })

  it('goes on after a QoS 0 message that could not be taken', async () => {
    const client = await connected({
      version,
      publish: saying({ 0: { passing: { code: 'quota_exceeded', detail: 'Over.' } } }),
    })
    await client.say(publishPacket(), one(1))
    expect(short(client.replies)).toEqual(['puback 1'])
  })

  it('acknowledges a lasting fault, or it would come for ever', async () => {
    const bad = { reasonCode: 0x99, reason: 'Not JSON.' }
    const client = await connected({ version, publish: saying({ 1: bad, 2: bad }) })
    await client.say(one(1), two(2))
    expect(short(client.replies)).toEqual(['puback 1', 'pubrec 2'])
    if (version === 4) return
    const properties = { reasonString: 'Not JSON.' }
    expect(client.replies).toMatchObject([
      { reasonCode: 0x99, properties },
      { reasonCode: 0x99, properties },
    ])
  })

  it('does not publish a repeat of a QoS 2 message before its PUBREL [MQTT-4.3.3-10]', async () => {
    const client = await connected({ version })
    await client.say(two(5))
    await client.say(two(5, { dup: true }))
    await client.say(pubrel(5))
    await client.say(two(5))
    expect(short(client.replies)).toEqual(['pubrec 5', 'pubrec 5', 'pubcomp 5', 'pubrec 5'])
    expect(client.messages()).toHaveLength(2)
  })

  it('does not publish a repeat that comes in the same frame', async () => {
    const client = await connected({ version })
    await client.say(two(5), two(5, { dup: true }), pubrel(5), two(5))
    expect(short(client.replies)).toEqual(['pubrec 5', 'pubrec 5', 'pubcomp 5', 'pubrec 5'])
    expect(client.messages()).toHaveLength(2)
  })

  it('does not let a PUBREL overtake a repeat that waits', async () => {
    const client = await connected({ version })
    await client.say(two(5))
    await client.say(two(6), two(5, { dup: true }), pubrel(5))
    expect(client.messages().map(({ packetId }) => packetId)).toEqual([5, 6])
    expect(short(client.replies)).toEqual(['pubrec 5', 'pubrec 6', 'pubrec 5', 'pubcomp 5'])
  })

  it('remembers QoS 2 messages of a session from one connection to the next', async () => {
    const open = async () => ({ sessionPresent: true, inbound: [5] })
    const client = await connected({ version, open }, { clean: false, properties: { sessionExpiryInterval: 60 } })
    await client.say(two(5, { dup: true }))
    expect(client.messages()).toEqual([])
    await client.say(two(6))
    await client.say(pubrel(5))
    expect(short(client.replies)).toEqual(['pubrec 5', 'pubrec 6', 'pubcomp 5'])
    expect(client.calls.filter(([name]) => name === 'awaitRelease').map(([, ids]) => ids)).toEqual([[5], [5, 6], [6]])
  })

  it('does not acknowledge a QoS 2 message that cannot be remembered', async () => {
    const awaitRelease = async () => {
      throw new AppError('unavailable', { detail: 'Away.' })
    }
    const client = await connected(
      { version, awaitRelease },
      { clean: false, properties: { sessionExpiryInterval: 60 } },
    )
    await client.say(two(5))
    expect(short(client.replies)).toEqual(version === 5 ? ['disconnect'] : [])
  })

  it('answers a PUBREL that nothing awaits', async () => {
    const client = await connected({ version })
    await client.say(pubrel(9))
    expect(client.replies).toMatchObject([
      version === 5 ? { cmd: 'pubcomp', messageId: 9, reasonCode: 0x92 } : { cmd: 'pubcomp', messageId: 9 },
    ])
  })

  it('does not let a client hold more than 512 KiB unacknowledged', async () => {
    const { door, publish } = heldPublish()
    const client = await connected({ version, publish })
    const large = packed(publishPacket({ payload: 'x'.repeat(100_000) }), version)
    for (let i = 0; i < 5; i++) client.connection.receive(large, 0)
    expect(client.state.isClosed).toBe(false)
    client.connection.receive(large, 0)
    expect(client.state.isClosed).toBe(true)
    expect(client.replies).toMatchObject(version === 5 ? [{ reasonCode: 0x97 }] : [])
    door.open()
    await client.connection.idle()
    expect(client.closes()).toEqual([{ withWill: true }])
  })

  it('takes as much as it can acknowledge, for ever', async () => {
    const client = await connected({ version })
    for (let i = 0; i < 20; i++) await client.say(one(1, { payload: 'x'.repeat(100_000) }))
    expect(client.replies).toHaveLength(20)
  })

  it('that is malformed ends the connection behind what came before it', async () => {
    const client = await connected({ version })
    await client.sayBytes([...packed(one(1), version), 0x36, 0, ...packed(one(2), version)])
    expect(short(client.replies)).toEqual(version === 5 ? ['puback 1', 'disconnect'] : ['puback 1'])
    if (version === 5) expect(client.replies[1]).toMatchObject({ reasonCode: 0x81 })
  })

  it('of a client that is gone is published still, and a DISCONNECT counts [MQTT-3.14.4-3]', async () => {
    const { door, publish } = heldPublish()
    const client = await connected({ version, publish })
    const said = client.say(
      publishPacket(),
      { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: own('x'), qos: 0 }] },
      publishPacket(),
      {
        cmd: 'disconnect',
      },
    )
    await turns()
    client.state.isClosed = true
    const leaving = client.connection.lost()
    door.open()
    await Promise.all([said, leaving])
    expect(client.messages()).toHaveLength(2)
    expect(client.closes()).toEqual([{ withWill: false }])
  })
})

describe("PUBLISH on another device's topic", () => {
  it('ends a connection of 3.1.1, behind what came before it [MQTT-3.3.5-2]', async () => {
    const client = await connected()
    await client.say(one(1), one(2, { topic: 'devices/other/telemetry' }), one(3))
    expect(short(client.replies)).toEqual(['puback 1'])
    expect(client.messages()).toHaveLength(1)
    expect(client.state.isClosed).toBe(true)
  })

  it('is refused in 5.0 [MQTT-3.3.5-2]', async () => {
    const client = await connected({ version: 5 })
    await client.say(one(1, { topic: 'x' }), two(2, { topic: 'x' }), one(3))
    expect(client.replies).toMatchObject([{ reasonCode: 0x87 }, { reasonCode: 0x87 }, { reasonCode: 0 }])
    expect(client.messages()).toHaveLength(1)
    await client.say(publishPacket({ topic: 'x' }))
    expect(client.replies[3]).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 })
  })
})

describe('PUBLISH of 5.0', () => {
  it('takes a topic alias [MQTT-3.3.2-12]', async () => {
    const client = await connected({ version: 5 })
    const alias = (topic: string, topicAlias: number) => publishPacket({ topic, properties: { topicAlias } })
    await client.say(alias(own('a'), 1), alias('', 1), alias(own('b'), 1), alias('', 1))
    expect(client.messages().map(({ topic }) => topic)).toEqual(['a', 'a', 'b', 'b'].map(canonical))
    expect(client.messages()[0]).not.toHaveProperty('topicAlias')
  })

  it.each([
    [
      'an alias beyond the maximum [MQTT-3.3.2-9]',
      { topic: own('a'), properties: { topicAlias: limits.mqttTopicAliases + 1 } },
      0x94,
    ],
    ['an alias that stands for nothing', { topic: '', properties: { topicAlias: 1 } }, 0x82],
    ['no topic and no alias', { topic: '' }, 0x82],
    [
      'an alias for a topic that is all too long',
      { topic: own('x'.repeat(limits.mqttTopicAliasBytes)), properties: { topicAlias: 1 } },
      0x97,
    ],
  ])('refuses %s', async (_, fields, reasonCode) => {
    const client = await connected({ version: 5 })
    await client.say(publishPacket(fields))
    expect(client.replies).toMatchObject([{ cmd: 'disconnect', reasonCode }])
  })

  it('ends when the client goes over the receive maximum [MQTT-3.3.4-9]', async () => {
    const { door, publish } = heldPublish()
    const client = await connected({ version: 5, publish })
    const many = Array.from({ length: limits.mqttReceiveMaximum }, (_, i) => one(i + 1))
    const said = client.say(...many, one(limits.mqttReceiveMaximum + 1))
    door.open()
    await said
    expect(client.replies).toHaveLength(limits.mqttReceiveMaximum + 1)
    expect(client.replies.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x93 })
  })

  it('counts a QoS 2 message until its PUBCOMP, and a refused one no longer', async () => {
    const client = await connected({ version: 5, publish: saying({ 9000: { reasonCode: 0x99 } }) })
    for (let i = 0; i < 300; i++) await client.say(two(9000))
    for (let i = 1; i <= limits.mqttReceiveMaximum; i++) await client.say(two(i))
    await client.say(pubrel(1))
    await client.say(two(limits.mqttReceiveMaximum + 1))
    expect(client.state.isClosed).toBe(false)
    await client.say(two(limits.mqttReceiveMaximum + 2))
    expect(client.replies.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x93 })
  })

  it('forgets a QoS 2 message that was refused', async () => {
    const client = await connected({ version: 5, publish: saying({ 1: { reasonCode: 0x87 } }) })
    await client.say(two(1), pubrel(1))
    expect(client.replies).toMatchObject([
      { cmd: 'pubrec', reasonCode: 0x87 },
      { cmd: 'pubcomp', reasonCode: 0x92 },
    ])
  })

  it('gives no reason strings to a client that wants none [MQTT-3.1.2-29]', async () => {
    const client = await connected(
      { version: 5, publish: saying({ 1: { reasonCode: 0x99, reason: 'Bad.' } }) },
      { properties: { requestProblemInformation: false } },
    )
    await client.say(one(1))
    expect(client.replies[0]).toMatchObject({ reasonCode: 0x99 })
    expect(client.replies[0]).not.toHaveProperty('properties')
  })

  it('leaves a reason string out where it would make the packet too large [MQTT-3.4.2-2]', async () => {
    const client = await connected(
      { version: 5, publish: saying({ 1: { reasonCode: 0x99, reason: 'x'.repeat(99) } }) },
      { properties: { maximumPacketSize: 64 } },
    )
    await client.say(one(1))
    expect(client.replies[0]).toMatchObject({ cmd: 'puback', reasonCode: 0x99 })
  })
})
