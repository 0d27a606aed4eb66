import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { fnv1a } from '../../src/domain/fnv1a.ts'
import { limits } from '../../src/domain/limits.ts'
import { MqttClient } from '../helpers/mqtt.ts'
import { history, newTenant, request, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

/** A key for a socket that lands on this broker. */
function keyOf(shard: number): string {
  for (;;) {
    const key = crypto.randomUUID()
    if (fnv1a(key) % limits.brokersPerRegion === shard) return key
  }
}
const broker = (shard: number) => env.MQTT_BROKER.getByName(`enam:${shard}`)
/** One that sleeps already is as well. */
const evict = (stub: DurableObjectStub, webSockets: 'hibernate' | 'close') =>
  evictDurableObject(stub, { webSockets }).catch((error: unknown) => {
    if (!String(error).includes('not currently running')) throw error
  })
const sleepBroker = (shard: number) => evict(broker(shard), 'hibernate')
const abortBroker = (shard: number) => evict(broker(shard), 'close')
const sleepDevice = ({ deviceId }: TestDevice) => evict(env.DEVICE_OBJECT.getByName(deviceId), 'hibernate')

describe('an MQTT client', () => {
  it('is acknowledged what is committed, with both objects evicted before every step', async () => {
    const device = await tenant.device()
    const key = keyOf(1)
    const client = await MqttClient.connect(device.token, { key })
    expect(client.connack).toMatchObject({ returnCode: 0, sessionPresent: false })
    for (let n = 0; n < 4; n++) {
      await sleepBroker(1)
      await sleepDevice(device)
      const messageId = client.publish(`devices/${device.token}/telemetry`, { n })
      expect(await client.next('puback')).toMatchObject({ messageId })
      expect(await history(device.deviceId)).toHaveLength(n + 1)
    }
    await sleepBroker(1)
    client.send({ cmd: 'pingreq' })
    await client.next('pingresp')
    await client.disconnect()
  })

  it('publishes to another one across shards, at every QoS, with everything evicted in between', async () => {
    const device = await tenant.device()
    const [one, other] = await Promise.all([
      MqttClient.connect(device.token, { clientId: 'one', key: keyOf(2) }),
      MqttClient.connect(device.token, { clientId: 'other', key: keyOf(3) }),
    ])
    const suback = await other.subscribe(`v1/devices/me/chat/+`, 2)
    expect(suback.granted).toEqual([2])
    for (const qos of [0, 1, 2] as const) {
      await Promise.all([sleepBroker(2), sleepBroker(3), sleepDevice(device)])
      one.publish(`devices/${device.token}/chat/a`, `hello ${qos}`, { qos })
      if (qos === 1) await one.next('puback')
      if (qos === 2) {
        const { messageId } = await one.next('pubrec')
        await sleepBroker(2)
        one.send({ cmd: 'pubrel', messageId: messageId ?? 0 })
        await one.next('pubcomp')
      }
      const packet = await other.next('publish')
      expect(packet).toMatchObject({ topic: 'v1/devices/me/chat/a', qos })
      expect(packet.payload.toString()).toBe(`hello ${qos}`)
      await sleepBroker(3)
      const messageId = packet.messageId ?? 0
      if (qos === 1) other.send({ cmd: 'puback', messageId })
      if (qos === 2) {
        other.send({ cmd: 'pubrec', messageId })
        await other.next('pubrel')
        await sleepBroker(3)
        other.send({ cmd: 'pubcomp', messageId })
      }
    }
    one.close()
    other.close()
  })

  it('is turned away with an unknown token, and offered only what is spoken', async () => {
    const stranger = await MqttClient.connect('no-such-token-at-all')
    expect(stranger.connack.returnCode).toBe(4)
    const headers = { upgrade: 'websocket', 'sec-websocket-protocol': 'mqttv3.1' }
    expect((await request('GET', '/mqtt', { headers })).status).toBe(422)
    expect((await request('GET', '/mqtt')).status).toBe(426)
  })
})

describe('a session', () => {
  it('is taken over at once: a storm of reconnects with one client id leaves one', async () => {
    const device = await tenant.device()
    const clients: MqttClient[] = []
    for (let n = 0; n < 100; n++) clients.push(await MqttClient.connect(device.token, { clientId: 'same', version: 5 }))
    const last = clients.pop() as MqttClient
    await Promise.all(clients.map((client) => client.closed))
    expect(clients.every((client) => client.pending.some(({ cmd }) => cmd === 'disconnect'))).toBe(true)
    await last.subscribe('v1/devices/me/x')
    last.publish('v1/devices/me/x', 'still here')
    expect((await last.message()).text).toBe('still here')
    const shown = await (await tenant.api('GET', `/api/devices/${device.deviceId}`)).json<{ connected: boolean }>()
    expect(shown.connected).toBe(true)
    await last.disconnect()
  })

  it('outlives its connection, on another shard and after all was evicted', async () => {
    const device = await tenant.device()
    const first = await MqttClient.connect(device.token, { clientId: 'keeper', clean: false, key: keyOf(4) })
    await first.subscribe('v1/devices/me/news', 1)
    await first.disconnect()
    const other = await MqttClient.connect(device.token, { clientId: 'teller', key: keyOf(5) })
    for (let n = 0; n < 3; n++) {
      other.publish('v1/devices/me/news', `news ${n}`)
      await other.next('puback')
    }
    await Promise.all([sleepBroker(4), sleepBroker(5), sleepDevice(device)])
    const again = await MqttClient.connect(device.token, { clientId: 'keeper', clean: false, key: keyOf(6) })
    expect(again.connack.sessionPresent).toBe(true)
    for (let n = 0; n < 3; n++) expect((await again.message()).text).toBe(`news ${n}`)
    again.close()
    other.close()
  })

  it('has its will published when its broker is cut short, and not when the client says goodbye', async () => {
    const device = await tenant.device()
    const watcher = await MqttClient.connect(device.token, { clientId: 'watcher', key: keyOf(7) })
    await watcher.subscribe('v1/devices/me/status')
    const will = { topic: 'v1/devices/me/status', payload: Buffer.from('gone'), qos: 1, retain: true } as const
    const polite = await MqttClient.connect(device.token, { clientId: 'polite', will, key: keyOf(0) })
    await polite.disconnect()
    const lost = await MqttClient.connect(device.token, { clientId: 'lost', will, key: keyOf(0) })
    expect(lost.connack.returnCode).toBe(0)
    expect(watcher.pending).toEqual([])
    await abortBroker(0)
    await MqttClient.connect('wakes-the-broker-up', { key: keyOf(0) })
    expect(await watcher.message()).toMatchObject({ text: 'gone', packet: { retain: false } })
    const late = await MqttClient.connect(device.token, { clientId: 'late' })
    await late.subscribe('v1/devices/me/status')
    expect(await late.message()).toMatchObject({ text: 'gone', packet: { retain: true } })
    late.close()
    watcher.close()
  })
})

describe('a will', () => {
  const ringDevice = ({ deviceId }: TestDevice) => runDurableObjectAlarm(env.DEVICE_OBJECT.getByName(deviceId))
  afterEach(() => {
    vi.useRealTimers()
  })

  it('to a topic of the platform is taken as any message there', async () => {
    const device = await tenant.device()
    const will = { topic: `devices/${device.token}/telemetry`, payload: Buffer.from('{"online":0}'), qos: 1 } as const
    const key = keyOf(1)
    const client = await MqttClient.connect(device.token, { will: { ...will, retain: false }, key })
    await client.said(will.topic, { online: 1 })
    await sleepDevice(device)
    client.sendRaw(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff]))
    await client.closed
    await expect
      .poll(async () => (await history(device.deviceId)).map(({ values }) => values))
      .toEqual([{ online: 1 }, { online: 0 }])
  })

  it('waits as long as it asks for, through evictions, and not at all where its client comes back', async () => {
    const device = await tenant.device()
    const watcher = await MqttClient.connect(device.token, { clientId: 'watcher' })
    await watcher.subscribe('v1/devices/me/status')
    const properties = { sessionExpiryInterval: 600 }
    const payload = Buffer.from('gone')
    const will = {
      topic: 'v1/devices/me/status',
      payload,
      qos: 1,
      retain: false,
      properties: { willDelayInterval: 60 },
    } as const
    const dying = { version: 5, clean: false, properties, will } as const
    for (const clientId of ['back', 'away']) (await MqttClient.connect(device.token, { ...dying, clientId })).close()
    const connected = () =>
      runInDurableObject(env.DEVICE_OBJECT.getByName(device.deviceId), (_, { storage }) =>
        storage.sql.exec<{ state: string }>('SELECT state FROM mqtt_sessions').toArray(),
      )
    await expect
      .poll(async () => (await connected()).filter(({ state }) => !JSON.parse(state).connection))
      .toHaveLength(2)
    const back = await MqttClient.connect(device.token, { ...dying, clientId: 'back' })
    await sleepDevice(device)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    await ringDevice(device)
    expect((await watcher.message()).text).toBe('gone')
    expect(watcher.pending).toEqual([])
    back.close()
    watcher.close()
  })
})
