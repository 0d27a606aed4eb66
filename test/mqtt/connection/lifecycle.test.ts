import { describe, expect, it, vi } from 'vitest'
import { limits } from '../../../src/domain/limits.ts'
import { MqttConnection } from '../../../src/mqtt/connection/connection.ts'
import { gate, openConnection, outbound, own, packed, publishPacket, turns } from './fakes.ts'

async function connected(options: Parameters<typeof openConnection>[0] = {}, connect = {}) {
  const client = openConnection(options)
  await client.connect(connect)
  return client
}

describe.each([4, 5] as const)('a connection of level %i', (version) => {
  it('answers PINGREQ [MQTT-3.12.4-1]', async () => {
    const client = await connected({ version })
    await client.say({ cmd: 'pingreq' })
    expect(client.replies).toMatchObject([{ cmd: 'pingresp' }])
  })

  it('ends with DISCONNECT, without its will [MQTT-3.14.4-3]', async () => {
    const client = await connected({ version })
    await client.say({ cmd: 'disconnect' }, publishPacket())
    await client.connection.lost()
    expect(client.closes()).toEqual([{ withWill: false }])
    expect(client.messages()).toEqual([])
    expect(client.state.isClosed).toBe(true)
    expect(client.replies).toEqual([])
  })

  it('leaves its session before the socket closes', async () => {
    const door = gate()
    const client = await connected({ version, close: () => door.opened })
    const said = client.say({ cmd: 'disconnect' })
    await turns()
    expect(client.state.isClosed).toBe(false)
    door.open()
    await said
    expect(client.state.isClosed).toBe(true)
  })

  it('leaves its will behind when the socket goes [MQTT-3.1.2-8]', async () => {
    const client = await connected({ version })
    await client.connection.lost()
    await client.connection.lost()
    expect(client.closes()).toEqual([{ withWill: true }])
  })

  it('that was taken over leaves nothing: the session is another one’s', async () => {
    const client = await connected({ version })
    client.connection.kick(0x8e, 'Taken over.')
    await client.connection.lost()
    expect(client.closes()).toEqual([])
    expect(client.replies).toMatchObject(version === 5 ? [{ cmd: 'disconnect', reasonCode: 0x8e }] : [])
    expect(client.state.isClosed).toBe(true)
  })

  it('is cut off after one and a half times its keep-alive [MQTT-3.1.2-22]', async () => {
    const client = await connected({ version, now: 1_000 }, { keepalive: 10 })
    expect(client.connection.deadline()).toBe(16_000)
    client.connection.receive(packed({ cmd: 'pingreq' }, version), 5_000)
    client.connection.receive(Uint8Array.of(0xc0), 9_000)
    client.connection.tick(19_999)
    expect(client.state.isClosed).toBe(false)
    client.connection.tick(20_000)
    await client.connection.idle()
    expect(client.replies.slice(1)).toMatchObject(version === 5 ? [{ reasonCode: 0x8d }] : [])
    expect(client.closes()).toEqual([{ withWill: true }])
    expect(client.connection.deadline()).toBeUndefined()
  })

  it('survives a port that breaks the rules', async () => {
    const logged = vi.spyOn(console, 'error').mockReturnValue()
    const client = await connected({
      version,
      publish: async () => {
        throw new TypeError('secret words')
      },
      close: async () => {
        throw new Error('gone')
      },
    })
    await client.say(publishPacket({ qos: 1, messageId: 1 }))
    await client.connection.idle()
    expect(client.state.isClosed).toBe(true)
    expect(JSON.stringify(client.replies)).not.toContain('secret')
    expect(logged).toHaveBeenCalledOnce()
    logged.mockRestore()
  })

  it('does not take a frame that is over all bounds', async () => {
    const client = await connected({ version })
    client.connection.receive(new Uint8Array(limits.socketBacklogBytes + 2).fill(0xc0), 0)
    expect(client.state.isClosed).toBe(true)
  })

  it('goes on after a hibernation as if there had been none', async () => {
    const expiry = { clean: false, properties: { sessionExpiryInterval: 60, topicAliasMaximum: 4 } }
    const client = await connected({ version, now: 500 }, expiry)
    await client.say(publishPacket({ qos: 2, messageId: 5, ...(version === 5 && { properties: { topicAlias: 2 } }) }))
    client.connection.deliver([
      outbound({ topic: own('a'), qos: 1, id: 1, packetId: 7 }),
      outbound({ topic: own('a'), qos: 2, id: 2, packetId: 8 }),
      outbound({ topic: own('a'), qos: 1 }),
    ])
    const next = packed(
      publishPacket({
        qos: 1,
        messageId: 6,
        topic: version === 5 ? '' : own('telemetry'),
        ...(version === 5 && { properties: { topicAlias: 2 } }),
      }),
      version,
    )
    client.connection.receive(next.subarray(0, 5), 600)
    const snapshot = client.connection.snapshot()
    expect(snapshot.isSmall).toBe(true)

    const awake = MqttConnection.restore(snapshot, client.ports, client.out)
    expect(awake.deadline()).toBe(90_500)
    client.replies.length = 0
    awake.receive(next.subarray(5), 700)
    awake.receive(
      Buffer.concat([
        packed({ cmd: 'puback', messageId: 7 }, version),
        packed({ cmd: 'pubrec', messageId: 8 }, version),
        packed({ cmd: 'pubrel', messageId: 5 }, version),
      ]),
      700,
    )
    await awake.idle()
    awake.deliver([outbound({ topic: own('a'), qos: 1 })])
    expect(client.replies).toMatchObject(
      [
        { cmd: 'pubrel', messageId: 8 },
        { cmd: 'pubcomp', messageId: 5 },
        { cmd: 'puback', messageId: 6 },
        { cmd: 'publish', messageId: 2, ...(version === 5 && { topic: '', properties: { topicAlias: 1 } }) },
      ].sort((a, b) => ids.indexOf(a.messageId) - ids.indexOf(b.messageId)),
    )
    await awake.lost()
  })

  it('says when its state is too large for the attachment', async () => {
    const client = await connected({ version })
    client.connection.receive(packed(publishPacket({ payload: 'x'.repeat(60_000) }), version).subarray(0, 50_000), 0)
    const snapshot = client.connection.snapshot()
    expect(snapshot.isSmall).toBe(false)
    const many = Array.from({ length: 150 }, (_, i) => outbound({ qos: 1, text: `${i}` }))
    client.connection.deliver(many)
    const awake = MqttConnection.restore(client.connection.snapshot(), client.ports, client.out)
    client.replies.length = 0
    awake.receive(packed(publishPacket({ payload: 'x'.repeat(60_000) }), version).subarray(50_000), 0)
    awake.receive(packed({ cmd: 'puback', messageId: 1 }, version), 0)
    await awake.idle()
    expect(client.replies).toMatchObject([{ cmd: 'publish', messageId: 101, payload: Buffer.from('100') }])
  })
})

const ids = [8, 5, 6, 2]

describe('a connection of 5.0', () => {
  it('may ask for its will with DISCONNECT, and for another expiry', async () => {
    const client = await connected({ version: 5 }, { properties: { sessionExpiryInterval: 9 } })
    await client.say({ cmd: 'disconnect', reasonCode: 4, properties: { sessionExpiryInterval: 60 } })
    expect(client.closes()).toEqual([{ withWill: true, expirySeconds: 60 }])
  })

  it('may not prolong a session that ends with it [MQTT-3.1.2-23]', async () => {
    const client = await connected({ version: 5 })
    await client.say({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 60 } })
    expect(client.replies).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x82 }])
    expect(client.closes()).toEqual([{ withWill: true }])
  })

  it('sends no AUTH without a method [MQTT-4.12.0-6]', async () => {
    const client = await connected({ version: 5 })
    await client.sayBytes([0xf0, 0])
    expect(client.replies).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x82 }])
  })

  it('is told when a packet is too large [MQTT-3.2.2-15]', async () => {
    const client = await connected({ version: 5 })
    await client.sayBytes([0x30, 0xff, 0xff, 0x7f])
    expect(client.replies).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x95 }])
  })
})

it('lets a client of 3.1.1 be silent if it wants no keep-alive', async () => {
  const client = await connected({}, { keepalive: 0 })
  expect(client.connection.deadline()).toBeUndefined()
  client.connection.tick(Number.MAX_SAFE_INTEGER)
  expect(client.state.isClosed).toBe(false)
})
