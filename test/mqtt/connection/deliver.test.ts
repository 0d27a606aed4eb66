import type { IConnectPacket, Packet } from 'mqtt-packet'
import { describe, expect, it, vi } from 'vitest'
import { limits } from '../../../src/domain/limits.ts'
import { MqttConnection } from '../../../src/mqtt/connection/connection.ts'
import { canonical, openConnection, outbound, own, token } from './fakes.ts'

const ack = (cmd: 'puback' | 'pubrec' | 'pubcomp', messageId: number, reasonCode = 0): Packet => ({
  cmd,
  messageId,
  reasonCode,
})

async function connected(version: 4 | 5 = 4, connect: Partial<IConnectPacket> = {}) {
  const client = openConnection({ version })
  await client.connect(connect)
  const told = () => client.calls.filter(([name]) => name === 'settled' || name === 'received')
  return Object.assign(client, { told })
}

const ids = (packets: readonly Packet[]) => packets.map(({ cmd, messageId }) => `${cmd} ${messageId ?? '-'}`)

describe.each([4, 5] as const)('a message to a client of level %i', (version) => {
  it('goes out with a packet id of its own [MQTT-2.2.1-4]', async () => {
    const client = await connected(version)
    client.connection.deliver([
      outbound({ qos: 0 }),
      outbound({ qos: 1 }),
      outbound({ qos: 2 }),
      outbound({ qos: 1, id: 4, packetId: 77 }),
    ])
    expect(ids(client.replies)).toEqual(['publish -', 'publish 1', 'publish 2', 'publish 77'])
    expect(client.replies[0]).toMatchObject({ topic: own('x'), payload: Buffer.from('hi'), dup: false, retain: false })
  })

  it('of QoS 1 is settled by its PUBACK', async () => {
    const client = await connected(version)
    client.connection.deliver([outbound({ qos: 1, id: 4, packetId: 7 }), outbound({ qos: 1, id: 5, packetId: 8 })])
    await client.say(ack('puback', 7), ack('puback', 8), ack('puback', 8), ack('puback', 9))
    expect(client.told()).toEqual([['settled', [4, 5]]])
    expect(client.state.isClosed).toBe(false)
  })

  it('of QoS 2 is settled by its PUBCOMP [MQTT-4.3.3-4]', async () => {
    const client = await connected(version)
    client.connection.deliver([outbound({ qos: 2, id: 4, packetId: 7 })])
    client.replies.length = 0
    await client.say(ack('pubrec', 7))
    await client.say(ack('pubrec', 7))
    await client.say(ack('pubcomp', 7))
    expect(ids(client.replies)).toEqual(['pubrel 7', 'pubrel 7'])
    expect(client.told()).toEqual([
      ['received', [4]],
      ['settled', [4]],
    ])
  })

  it('waits until the client has fewer than it takes at once, and goes in its order [MQTT-4.6.0-5]', async () => {
    const client = await connected(version)
    const many = Array.from({ length: limits.mqttWindowMessages + 3 }, () => outbound({ qos: 1 }))
    client.connection.deliver(many)
    client.connection.deliver([outbound({ qos: 0, text: 'past' })])
    expect(client.replies).toHaveLength(limits.mqttWindowMessages + 1)
    await client.say(ack('puback', 2), ack('puback', 1))
    expect(ids(client.replies).slice(-2)).toEqual(['publish 101', 'publish 102'])
  })

  it('does not wait for ever: the oldest goes', async () => {
    const client = await connected(version)
    const text = (i: number) => `${i}`
    client.connection.deliver(
      Array.from({ length: limits.mqttWindowMessages + limits.mqttQueuedMessages + 5 }, (_, i) =>
        outbound({ qos: 1, text: text(i) }),
      ),
    )
    await client.say(ack('puback', 1))
    expect(client.replies.at(-1)).toMatchObject({ payload: Buffer.from(text(limits.mqttWindowMessages + 5)) })
  })

  it('goes again after a reconnect, and so does a PUBREL [MQTT-4.4.0-1]', async () => {
    const client = await connected(version)
    client.connection.deliver([
      outbound({ qos: 1, id: 1, packetId: 3, isDup: true }),
      { kind: 'pubrel', id: 2, packetId: 4 },
    ])
    expect(client.replies).toMatchObject([
      { cmd: 'publish', messageId: 3, dup: true },
      { cmd: 'pubrel', messageId: 4 },
    ])
    await client.say(ack('puback', 3), ack('pubcomp', 4))
    expect(client.told()).toEqual([['settled', [1, 2]]])
  })

  it('goes out under the name by which the client subscribed', async () => {
    const client = await connected(version)
    const message = {
      topic: canonical('rpc/request/1'),
      payload: new Uint8Array(),
      qos: 0,
      retain: false,
      spelling: 'me',
    } as const
    client.connection.deliver([{ kind: 'publish', isDup: false, message }])
    expect(client.replies).toMatchObject([{ topic: 'v1/devices/me/rpc/request/1' }])
  })

  it('ends the connection when it is acknowledged as if it had another QoS', async () => {
    for (const [qos, wrong] of [
      [1, ack('pubrec', 1)],
      [1, ack('pubcomp', 1)],
      [2, ack('puback', 1)],
    ] as const) {
      const client = await connected(version)
      client.connection.deliver([outbound({ qos })])
      await client.say(wrong)
      expect(client.state.isClosed).toBe(true)
      if (version === 5) expect(client.replies.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x82 })
    }
  })

  it('does not throw when the socket is gone', async () => {
    const client = await connected(version)
    client.out.close()
    client.connection.deliver([outbound(), outbound()])
    expect(client.connection.isOpen).toBe(false)
  })
})

describe('a message to a client of 5.0', () => {
  it('carries what the standard lets it carry', async () => {
    const client = await connected(5)
    const properties = {
      payloadFormatIndicator: 1,
      messageExpiryInterval: 9,
      contentType: 'json',
      responseTopic: 'r',
      correlationData: Uint8Array.of(1),
      userProperties: [
        ['a', '1'],
        ['a', '2'],
      ] as const,
    }
    client.connection.deliver([outbound({ message: { properties, identifiers: [3, 300] } as never })])
    expect(client.replies).toMatchObject([
      {
        properties: {
          ...properties,
          payloadFormatIndicator: true,
          correlationData: Buffer.of(1),
          subscriptionIdentifier: [3, 300],
          userProperties: { a: ['1', '2'] },
        },
      },
    ])
  })

  it('respects its receive maximum [MQTT-3.3.4-9]', async () => {
    const client = await connected(5, { properties: { receiveMaximum: 2 } })
    client.connection.deliver([1, 2, 3, 4].map((id) => outbound({ qos: 2, id, packetId: id })))
    expect(ids(client.replies)).toEqual(['publish 1', 'publish 2'])
    await client.say(ack('pubrec', 1))
    expect(ids(client.replies)).toEqual(['publish 1', 'publish 2', 'pubrel 1'])
    await client.say(ack('pubcomp', 1), ack('pubrec', 2, 0x80))
    expect(ids(client.replies).slice(3)).toEqual(['publish 3', 'publish 4'])
    expect(client.told().at(-1)).toEqual(['settled', [1, 2]])
  })

  it('that is too large for it counts as done [MQTT-3.1.2-24] [MQTT-3.1.2-25]', async () => {
    const client = await connected(5, { properties: { maximumPacketSize: 64 } })
    client.connection.deliver([
      outbound({ qos: 1, id: 1, packetId: 1, text: 'x'.repeat(99) }),
      outbound({ qos: 1, id: 2, packetId: 2 }),
    ])
    expect(ids(client.replies)).toEqual(['publish 2'])
    expect(client.told()).toEqual([['settled', [1]]])
  })

  it('goes out under aliases, the oldest of which makes room [MQTT-3.3.2-9]', async () => {
    const client = await connected(5, { properties: { topicAliasMaximum: 2 } })
    client.connection.deliver(['a', 'a', 'b', 'a', 'c', 'a', 'b'].map((path) => outbound({ topic: own(path) })))
    const names = client.replies.map((packet) => {
      if (packet.cmd !== 'publish') throw new Error(packet.cmd)
      return `${packet.topic.slice(`devices/${token}/`.length)}=${packet.properties?.topicAlias}`
    })
    expect(names).toEqual(['a=1', '=1', 'b=2', '=1', 'c=2', '=1', 'b=2'])
  })

  it('that waits expires, and tells what is left of its time [MQTT-3.3.2-5] [MQTT-3.3.2-6]', async () => {
    const client = await connected(5, { properties: { receiveMaximum: 1 } })
    const lasting = (seconds: number, fields = {}) =>
      outbound({ qos: 1, ...fields, message: { properties: { messageExpiryInterval: seconds } } as never })
    client.connection.deliver([outbound({ qos: 1 }), lasting(5), lasting(5, { id: 8, packetId: 8 }), lasting(10)])
    client.now += 6_000
    await client.say(ack('puback', 1))
    expect(client.replies.slice(1)).toMatchObject([{ messageId: 2, properties: { messageExpiryInterval: 4 } }])
    expect(client.told()).toEqual([['settled', [8]]])
  })

  it('that waits expires through a hibernation, and one of QoS 2 that went out before does not', async () => {
    const client = await connected(5, { properties: { receiveMaximum: 1 } })
    const message = { properties: { messageExpiryInterval: 5 } } as never
    const again = outbound({ qos: 2, id: 3, packetId: 30, isDup: true, message })
    client.connection.deliver([outbound({ qos: 1 }), outbound({ qos: 1, message }), again])
    const awake = MqttConnection.restore(client.connection.snapshot(), client.ports, client.out)
    client.now += 6_000
    awake.receive(Uint8Array.of(0x40, 2, 0, 1), client.now)
    await awake.idle()
    expect(client.replies.slice(1)).toMatchObject([{ messageId: 30, properties: { messageExpiryInterval: 0 } }])
  })

  it('that goes out at once has the time it came with', async () => {
    const client = await connected(5)
    client.connection.deliver([outbound({ message: { properties: { messageExpiryInterval: 0 } } as never })])
    expect(client.replies).toMatchObject([{ properties: { messageExpiryInterval: 0 } }])
  })

  it('counts with its properties against Maximum Packet Size and what may wait', async () => {
    const properties = { userProperties: [['k', 'v'.repeat(60_000)]] as const }
    const client = await connected(5, { properties: { maximumPacketSize: 50_000, receiveMaximum: 1 } })
    client.connection.deliver([outbound({ qos: 1, id: 1, packetId: 1, message: { properties } as never })])
    expect(client.told()).toEqual([['settled', [1]]])
    const count = Math.ceil(limits.mqttQueuedBytes / 60_000) + 2
    const waiting = Array.from({ length: count }, (_, i) =>
      outbound({ qos: 1, message: { properties: { userProperties: [['k', `${i}${'v'.repeat(60_000)}`]] } } as never }),
    )
    client.connection.deliver([outbound({ qos: 1 }), ...waiting])
    expect(client.connection.snapshot().text.length).toBeLessThan(limits.mqttQueuedBytes * 1.1)
  })

  it('that fits without its topic alias goes out without one', async () => {
    const size = 2 + 2 + own('x').length + 1 + 50
    const client = await connected(5, { properties: { maximumPacketSize: size, topicAliasMaximum: 2 } })
    client.connection.deliver([outbound({ text: 'x'.repeat(50) }), outbound({ text: 'x' })])
    expect(client.replies).toMatchObject([{ topic: own('x') }, { topic: own('x'), properties: { topicAlias: 1 } }])
    expect(client.replies[0]).not.toHaveProperty('properties')
  })

  it('whose topic has no room under the name that it subscribed by counts as done', async () => {
    const client = await connected(5)
    const topic = canonical('x'.repeat(65_532))
    client.connection.deliver([outbound({ topic, qos: 1, id: 1, packetId: 1 }), outbound()])
    expect(ids(client.replies)).toEqual(['publish -'])
    expect(client.told()).toEqual([['settled', [1]]])
  })

  it('that cannot be written for another reason ends the connection, and is not taken for done', async () => {
    const logged = vi.spyOn(console, 'error').mockReturnValue()
    const client = await connected(5)
    client.connection.deliver([
      outbound({ qos: 1, id: 1, packetId: 1, message: { properties: { contentType: 5 } } as never }),
    ])
    await client.connection.idle()
    expect(client.replies).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x80 }])
    expect(client.told()).toEqual([])
    expect(logged).toHaveBeenCalledOnce()
    logged.mockRestore()
  })

  it('that has a receipt gives it back when the client has it, and not when it refuses it', async () => {
    const client = await connected(5)
    const receipts = () => client.calls.flatMap(([name, list]) => (name === 'delivered' ? [list] : []))
    client.connection.deliver([
      outbound({ qos: 1, message: { receipt: 'a' } as never }),
      outbound({ qos: 1, message: { receipt: 'b' } as never }),
      outbound({ qos: 0, message: { receipt: 'c' } as never }),
    ])
    await client.say(ack('puback', 1), ack('puback', 2, 0x80), ack('puback', 1))
    expect(receipts()).toEqual([['a']])
  })

  it('gets a PUBREL with a reason for a PUBREC that nothing awaits', async () => {
    const client = await connected(5)
    await client.say(ack('pubrec', 9))
    expect(client.replies).toMatchObject([{ cmd: 'pubrel', messageId: 9, reasonCode: 0x92 }])
  })
})
