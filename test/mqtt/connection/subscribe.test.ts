import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/domain/errors.ts'
import { canonical, gate, openConnection, outbound, own, turns } from './fakes.ts'

const subscribe = (...topics: string[]) => ({
  cmd: 'subscribe' as const,
  messageId: 3,
  subscriptions: topics.map((topic) => ({ topic, qos: 1 as const })),
})

async function connected(options: Parameters<typeof openConnection>[0] = {}) {
  const client = openConnection(options)
  await client.connect()
  return client
}

describe.each([4, 5] as const)('SUBSCRIBE at level %i', (version) => {
  it('is granted filter by filter, in their order [MQTT-3.8.4-2] [MQTT-3.9.3-1]', async () => {
    const client = await connected({ version })
    await client.say(subscribe(own('a'), 'devices/other/#', 'v1/devices/me/rpc/request/+', '#', 'a/#/b', own('#')))
    const refused = (code: number) => (version === 5 ? code : 0x80)
    expect(client.replies).toMatchObject([
      { cmd: 'suback', messageId: 3, granted: [1, refused(0x87), 1, refused(0x87), refused(0x8f), 1] },
    ])
    expect(client.wanted()).toMatchObject([
      { filter: canonical('a'), spelling: 'devices', qos: 1 },
      { filter: canonical('rpc/request/+'), spelling: 'me' },
      { filter: canonical('#') },
    ])
  })

  it('refuses shared subscriptions', async () => {
    const client = await connected({ version })
    await client.say(subscribe(`$share/g/${own('a')}`))
    expect(client.replies).toMatchObject([{ granted: [version === 5 ? 0x9e : 0x80] }])
    expect(client.wanted()).toEqual([])
  })

  it('hands the codes of the topic space on', async () => {
    const client = await connected({ version, subscribe: async () => ({ codes: [0x97, 0] }) })
    await client.say(subscribe(own('a'), 'x', own('b')))
    expect(client.replies).toMatchObject([{ granted: version === 5 ? [0x97, 0x87, 0] : [0x80, 0x80, 0] }])
  })

  it('sends retained messages behind the SUBACK', async () => {
    const retained = outbound({ topic: own('a'), message: { retain: true } as never })
    const client = await connected({ version, subscribe: async () => ({ codes: [1], outbound: [retained] }) })
    await client.say(subscribe(own('a')))
    expect(client.replies).toMatchObject([{ cmd: 'suback' }, { cmd: 'publish', retain: true }])
  })

  it('sends what came meanwhile behind the retained messages, since it is newer', async () => {
    const asked = gate()
    const retained = outbound({ topic: own('a'), text: 'old' })
    const client = await connected({
      version,
      subscribe: async () => {
        await asked.opened
        return { codes: [1], outbound: [retained] }
      },
    })
    const said = client.say(subscribe(own('a')))
    await turns()
    client.connection.deliver([outbound({ topic: own('a'), text: 'new' })])
    client.connection.deliver([outbound({ topic: own('a'), text: 'newer', qos: 1 })])
    await turns()
    expect(client.replies).toEqual([])
    asked.open()
    await said
    expect(client.replies.map((packet) => (packet.cmd === 'publish' ? packet.payload.toString() : packet.cmd))).toEqual(
      ['suback', 'old', 'new', 'newer'],
    )
  })

  it('ends the connection when the topic space cannot be reached', async () => {
    const client = await connected({
      version,
      subscribe: async () => {
        throw new AppError('unavailable', { detail: 'Away.' })
      },
    })
    await client.say(subscribe(own('a')))
    expect(client.replies).toMatchObject(version === 5 ? [{ cmd: 'disconnect', reasonCode: 0x83 }] : [])
    expect(client.state.isClosed).toBe(true)
  })

  it('is undone [MQTT-3.10.4-4] [MQTT-3.11.3-1]', async () => {
    const client = await connected({ version, unsubscribe: async () => [0, 0x11] })
    const unsubscriptions = [own('a'), 'devices/other/a', 'v1/devices/me/b']
    await client.say({ cmd: 'unsubscribe', messageId: 4, unsubscriptions })
    const granted = version === 5 ? { granted: [0, 0x11, 0x11] } : {}
    expect(client.replies).toMatchObject([{ cmd: 'unsuback', messageId: 4, ...granted }])
    expect(client.calls.at(-1)).toEqual([
      'unsubscribe',
      [
        { filter: canonical('a'), spelling: 'devices' },
        { filter: canonical('b'), spelling: 'me' },
      ],
    ])
  })
})

it('hands the options of 5.0 on', async () => {
  const client = await connected({ version: 5 })
  const options = { nl: true, rap: true, rh: 2 }
  await client.say({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: own('a'), qos: 2, ...options }],
    properties: { subscriptionIdentifier: 77 },
  })
  expect(client.wanted()).toEqual([
    {
      filter: canonical('a'),
      spelling: 'devices',
      qos: 2,
      noLocal: true,
      retainAsPublished: true,
      retainHandling: 2,
      identifier: 77,
    },
  ])
})
