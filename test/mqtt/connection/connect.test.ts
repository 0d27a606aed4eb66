import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/domain/errors.ts'
import { limits } from '../../../src/domain/limits.ts'
import {
  canonical,
  connectPacket,
  gate,
  openConnection,
  outbound,
  own,
  packed,
  publishPacket,
  token,
  turns,
} from './fakes.ts'

const refusal = (version: 4 | 5, code: number) => (version === 5 ? { reasonCode: code } : { returnCode: code })

describe.each([4, 5] as const)('CONNECT at level %i', (version) => {
  it('opens a session and is accepted', async () => {
    const client = openConnection({ version })
    expect(await client.connect()).toMatchObject({ cmd: 'connack', sessionPresent: false, ...refusal(version, 0) })
    expect(client.requests()).toMatchObject([{ speaker: { token }, clientId: 'c1', isClean: true, expirySeconds: 0 }])
    expect(client.connection.client).toMatchObject({ clientId: 'c1', version })
  })

  it('tells of a session that is there [MQTT-3.2.2-2]', async () => {
    const client = openConnection({ version, open: async () => ({ sessionPresent: true }) })
    expect(await client.connect({ clean: false })).toMatchObject({ sessionPresent: true })
  })

  it('lets the client id stand for the token', async () => {
    const client = openConnection({ version })
    await client.say({ cmd: 'connect', clientId: token, protocolVersion: version })
    expect(client.replies).toMatchObject([refusal(version, 0)])
  })

  it('refuses a stranger, and closes [MQTT-3.2.2-5]', async () => {
    const client = openConnection({ version })
    expect(await client.connect({ username: 'other' })).toMatchObject(refusal(version, version === 5 ? 0x86 : 4))
    const nameless = openConnection({ version })
    await nameless.say({ cmd: 'connect', clientId: 'x', protocolVersion: version })
    expect(nameless.replies).toMatchObject([refusal(version, version === 5 ? 0x87 : 5)])
    expect([client, nameless].map(({ state }) => state.isClosed)).toEqual([true, true])
    expect(client.closes()).toEqual([])
  })

  it.each([
    ['authenticate', 'unavailable', 0x88, 3],
    ['open', 'unavailable', 0x88, 3],
    ['open', 'quota_exceeded', 0x97, 3],
    ['open', 'internal', 0x80, 3],
  ] as const)('is refused when %s is %s', async (port, code, five, four) => {
    const failing = async () => {
      throw new AppError(code, { detail: 'Not now.' })
    }
    const client = openConnection({ version, [port]: failing })
    expect(await client.connect()).toMatchObject(refusal(version, version === 5 ? five : four))
    expect(client.state.isClosed).toBe(true)
  })

  it('is the first packet [MQTT-3.1.0-1]', async () => {
    const client = openConnection({ version })
    await client.say({ cmd: 'pingreq' })
    expect(client).toMatchObject({ replies: [], state: { isClosed: true }, calls: [] })
  })

  it('of more than 64 KiB is refused by its header, and nobody is asked about it', async () => {
    const client = openConnection({ version })
    const will = {
      topic: own('x'),
      payload: Buffer.alloc(limits.mqttConnectBytes - 20),
      qos: 0,
      retain: false,
    } as const
    const packet = packed(connectPacket(version, { will }), version)
    client.connection.receive(packet.subarray(0, 10), 0)
    await client.connection.idle()
    expect(client.state.isClosed).toBe(true)
    expect(client.calls).toEqual([])
  })

  it('bounds nothing that follows it', async () => {
    const client = openConnection({ version })
    const large = publishPacket({ payload: 'x'.repeat(limits.mqttConnectBytes) })
    await client.say(connectPacket(version), large)
    expect(client.messages()).toHaveLength(1)
  })

  it('comes once [MQTT-3.1.0-2]', async () => {
    const client = openConnection({ version })
    await client.connect()
    await client.say(connectPacket(version))
    expect(client.replies).toMatchObject(version === 5 ? [{ cmd: 'disconnect', reasonCode: 0x82 }] : [])
    expect(client.state.isClosed).toBe(true)
    expect(client.closes()).toEqual([{ withWill: true }])
  })

  it('gives a will, by its canonical topic', async () => {
    const client = openConnection({ version })
    await client.connect({ will: { topic: 'v1/devices/me/status', payload: 'off', qos: 1, retain: true } })
    const will = { message: { topic: canonical('status'), qos: 1, retain: true, payload: Buffer.from('off') } }
    expect(client.requests()[0]?.will).toEqual({
      message: { ...will.message, payload: new Uint8Array(will.message.payload) },
    })
  })

  it("refuses a will on another device's topic", async () => {
    const client = openConnection({ version })
    const packet = await client.connect({ will: { topic: 'devices/other/x', payload: 'off' } })
    expect(packet).toMatchObject(refusal(version, version === 5 ? 0x87 : 5))
  })

  it('refuses a client id that is too long', async () => {
    const client = openConnection({ version })
    const packet = await client.connect({ clientId: 'x'.repeat(limits.mqttClientIdBytes + 1) })
    expect(packet).toMatchObject(refusal(version, version === 5 ? 0x85 : 2))
  })

  it('may be followed at once, and nothing is done before it is accepted [MQTT-3.1.4-6]', async () => {
    const door = gate()
    const client = openConnection({
      version,
      authenticate: async () => {
        await door.opened
        return { token }
      },
    })
    const saying = client.say(connectPacket(version), publishPacket({ qos: 1, messageId: 1 }), { cmd: 'pingreq' })
    await turns()
    expect(client.calls.map(([name]) => name)).toEqual(['authenticate'])
    door.open()
    await saying
    expect(client.replies.map(({ cmd }) => cmd)).toEqual(['connack', 'puback', 'pingresp'])
  })

  it('lets nothing out before its CONNACK [MQTT-3.2.0-1], and what is owed before what is new', async () => {
    const door = gate()
    const client = openConnection({
      version,
      open: async () => {
        await door.opened
        return {
          sessionPresent: true,
          resume: [outbound({ topic: own('owed'), qos: 1, id: 1, packetId: 9, isDup: true })],
        }
      },
    })
    const saying = client.say(connectPacket(version, { clean: false }))
    await turns()
    client.connection.deliver([outbound({ topic: own('new') })])
    expect(client.replies).toEqual([])
    door.open()
    await saying
    expect(client.replies).toMatchObject([
      { cmd: 'connack' },
      { topic: own('owed'), dup: true, messageId: 9 },
      { topic: own('new') },
    ])
  })

  it('leaves the session if the socket went meanwhile', async () => {
    const door = gate()
    const client = openConnection({
      version,
      open: async () => {
        await door.opened
        return { sessionPresent: false }
      },
    })
    client.connection.receive(packed(connectPacket(version), version), 0)
    await turns()
    const leaving = client.connection.lost()
    door.open()
    await leaving
    expect(client.closes()).toEqual([{ withWill: true }])
    expect(client.replies).toEqual([])
  })

  it('is due within ten seconds', () => {
    const client = openConnection({ version, now: 1_000 })
    expect(client.connection.deadline()).toBe(11_000)
    client.connection.tick(11_000)
    expect(client).toMatchObject({ replies: [], state: { isClosed: true } })
  })
})

describe('CONNECT of 3.1.1', () => {
  it('asks for a session without end, or none', async () => {
    const client = openConnection()
    await client.connect({ clean: false })
    expect(client.requests()).toMatchObject([{ isClean: false, expirySeconds: 0xffffffff, receiveMaximum: 0xffff }])
  })

  it('without a client id is for a clean session only [MQTT-3.1.3-8]', async () => {
    const raw = [0x10, 19, 0, 4, ...Buffer.from('MQTT'), 4, 0x80, 0, 60, 0, 0, 0, 5, ...Buffer.from(token)]
    const client = openConnection()
    await client.sayBytes(raw)
    expect(client.replies).toMatchObject([{ returnCode: 2 }])
    const clean = openConnection({ open: async () => ({ sessionPresent: false, assignedClientId: 'given' }) })
    expect(await clean.connect({ clientId: '' })).toMatchObject({ returnCode: 0 })
    expect(clean.connection.client?.clientId).toBe('given')
  })

  it.each([
    [
      'another level gets 1 [MQTT-3.1.2-2]',
      [0x10, 13, 0, 4, ...Buffer.from('MQTT'), 3, 2, 0, 60, 0, 1, 99],
      [0x20, 2, 0, 1],
    ],
    ['MQTT 3.1 gets 1', [0x10, 15, 0, 6, ...Buffer.from('MQIsdp'), 3, 2, 0, 60, 0, 1, 99], [0x20, 2, 0, 1]],
    [
      'another protocol gets nothing [MQTT-3.1.2-1]',
      [0x10, 13, 0, 4, ...Buffer.from('MQTX'), 4, 2, 0, 60, 0, 1, 99],
      [],
    ],
    [
      'a malformed one gets nothing [MQTT-3.1.4-1]',
      [0x10, 13, 0, 4, ...Buffer.from('MQTT'), 4, 3, 0, 60, 0, 1, 99],
      [],
    ],
  ])('%s', async (_, raw, answer) => {
    const sent: number[] = []
    const client = openConnection()
    client.out.send = (bytes) => {
      sent.push(...bytes)
    }
    await client.sayBytes(raw)
    expect(sent).toEqual(answer)
    expect(client.state.isClosed).toBe(true)
  })
})

describe('CONNECT of 5.0', () => {
  it('is told what is offered', async () => {
    const client = openConnection({ version: 5 })
    expect(await client.connect()).toMatchObject({
      properties: {
        receiveMaximum: 2_048,
        maximumPacketSize: limits.mqttPacketBytes,
        topicAliasMaximum: limits.mqttTopicAliases,
        sharedSubscriptionAvailable: false,
      },
    })
  })

  it('gets a client id [MQTT-3.2.2-16]', async () => {
    const client = openConnection({
      version: 5,
      open: async () => ({ sessionPresent: false, assignedClientId: 'given' }),
    })
    expect(await client.connect({ clientId: '' })).toMatchObject({ properties: { assignedClientIdentifier: 'given' } })
  })

  it('is told of a shorter session expiry and keep-alive', async () => {
    const client = openConnection({ version: 5, open: async () => ({ sessionPresent: false, expirySeconds: 60 }) })
    const packet = await client.connect({ keepalive: 0, properties: { sessionExpiryInterval: 90 } })
    expect(client.requests()).toMatchObject([{ expirySeconds: 90 }])
    expect(packet).toMatchObject({
      properties: { sessionExpiryInterval: 60, serverKeepAlive: limits.mqttKeepAliveSeconds },
    })
    const plain = await openConnection({ version: 5 }).connect({ properties: { sessionExpiryInterval: 90 } })
    expect(plain).toMatchObject({ cmd: 'connack' })
    expect(JSON.stringify(plain)).not.toMatch(/sessionExpiry|serverKeepAlive|assigned/)
  })

  it('signs in by no method but the user name', async () => {
    const client = openConnection({ version: 5 })
    expect(await client.connect({ properties: { authenticationMethod: 'SCRAM' } })).toMatchObject({ reasonCode: 0x8c })
  })

  it('that is malformed is told so', async () => {
    const client = openConnection({ version: 5 })
    await client.sayBytes([0x10, 14, 0, 4, ...Buffer.from('MQTT'), 5, 3, 0, 60, 0, 0, 1, 99])
    expect(client.replies).toMatchObject([{ cmd: 'connack', reasonCode: 0x81 }])
  })

  it('at another level is told so [MQTT-3.1.2-2]', async () => {
    const client = openConnection({ version: 5 })
    await client.sayBytes([0x10, 14, 0, 4, ...Buffer.from('MQTT'), 6, 2, 0, 60, 0, 0, 1, 99])
    expect(client.replies).toMatchObject([{ cmd: 'connack', reasonCode: 0x84 }])
  })

  it('hands its receive maximum and will delay on', async () => {
    const client = openConnection({ version: 5 })
    const will = { topic: own('w'), payload: '', properties: { willDelayInterval: 5, userProperties: { a: 'b' } } }
    await client.connect({ properties: { receiveMaximum: 3 }, will })
    expect(client.requests()).toMatchObject([
      { receiveMaximum: 3, will: { delaySeconds: 5, message: { properties: { userProperties: [['a', 'b']] } } } },
    ])
  })

  it('of a client that takes only tiny packets ends without a word [MQTT-3.1.2-24]', async () => {
    const client = openConnection({ version: 5 })
    expect(await client.connect({ properties: { maximumPacketSize: 4 } })).toBeUndefined()
    expect(client).toMatchObject({ replies: [], state: { isClosed: true } })
    expect(client.closes()).toEqual([{ withWill: true }])
  })
})
