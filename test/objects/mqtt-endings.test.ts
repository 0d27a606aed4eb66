import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { AppError } from '../../src/domain/errors.ts'
import { fnv1a } from '../../src/domain/fnv1a.ts'
import { limits } from '../../src/domain/limits.ts'
import { DeviceObject } from '../../src/objects/device-object.ts'
import { MqttBroker } from '../../src/objects/mqtt-broker.ts'
import { TelemetryWriter } from '../../src/objects/telemetry-writer.ts'
import { MqttClient } from '../helpers/mqtt.ts'
import { history, newTenant, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const objectOf = ({ deviceId }: TestDevice) => env.DEVICE_OBJECT.getByName(deviceId)
const shardOf = (key: string) => fnv1a(key) % limits.brokersPerRegion
const brokerOf = (key: string) => env.MQTT_BROKER.getByName(`enam:${shardOf(key)}`)

/** Two that lead to different brokers. */
function keysApart(): [string, string] {
  const key = crypto.randomUUID()
  let other = crypto.randomUUID()
  while (shardOf(other) === shardOf(key)) other = crypto.randomUUID()
  return [key, other]
}
const unavailable = () => Promise.reject(new AppError('unavailable', { detail: 'Away, in a test.' }))
const sessions = (device: TestDevice) =>
  runInDurableObject(objectOf(device), (_, { storage }) =>
    storage.sql
      .exec<{ client_id: string; state: string }>('SELECT client_id, state FROM mqtt_sessions')
      .toArray()
      .map(({ client_id, state }) => ({
        clientId: client_id,
        ...(JSON.parse(state) as { connection: string | null }),
      })),
  )
const statusWill = (properties = {}) => ({
  will: { topic: 'v1/devices/me/status', payload: Buffer.from('gone'), qos: 1, retain: false, properties } as const,
})

describe('a client that said DISCONNECT', () => {
  it('has no will published and its session ended as it said, though the device was out of reach then', async () => {
    const device = await tenant.device()
    const [key, apart] = keysApart()
    const watcher = await MqttClient.connect(device.token, { clientId: 'watcher', key: apart })
    await watcher.subscribe('v1/devices/me/status')
    const lasting = { clean: false, properties: { sessionExpiryInterval: 600 } }
    const polite = await MqttClient.connect(device.token, {
      ...statusWill(),
      ...lasting,
      clientId: 'polite',
      version: 5,
      key,
    })
    await polite.subscribe('v1/devices/me/news')
    const close = vi.spyOn(DeviceObject.prototype, 'mqttClose').mockImplementation(unavailable)
    polite.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
    await polite.closed
    expect(close).toHaveBeenCalled()
    watcher.publish('v1/devices/me/news', 'more')
    await watcher.next('puback')
    await runDurableObjectAlarm(brokerOf(key))
    close.mockRestore()
    expect((await sessions(device)).map(({ clientId }) => clientId)).toContain('polite')
    await evictDurableObject(brokerOf(key), { webSockets: 'close' })
    await MqttClient.connect('wakes-the-broker-up', { key })
    await expect.poll(async () => (await sessions(device)).map(({ clientId }) => clientId)).toEqual(['watcher'])
    expect(watcher.pending.filter(({ cmd }) => cmd === 'publish')).toEqual([])
    watcher.close()
  })
})

describe('a connection that is closed and not left yet', () => {
  it('does not count as gone: it says itself how it left', async () => {
    const device = await tenant.device()
    const key = crypto.randomUUID()
    const client = await MqttClient.connect(device.token, { key })
    const [session] = await sessions(device)
    const connection = session?.connection ?? ''
    let open = () => {}
    const held = new Promise<void>((done) => {
      open = done
    })
    const close = vi.spyOn(DeviceObject.prototype, 'mqttClose').mockImplementation(() => held)
    client.close()
    await expect.poll(() => close.mock.calls.length).toBe(1)
    const ask = (name: string) =>
      runInDurableObject(brokerOf(key), (broker: MqttBroker) =>
        broker.deliver([{ clientId: 'c1', connection: name, outbound: [] }]),
      )
    expect(await ask(connection)).toEqual([])
    expect(await ask(`${connection}x`)).toEqual([`${connection}x`])
    open()
    await expect.poll(() => ask(connection)).toEqual([connection])
  })
})

describe('a will to a topic of the platform', () => {
  it('is tried again after a passing fault, though everything was evicted since, and is stored once', async () => {
    const device = await tenant.device()
    const will = { topic: 'v1/devices/me/telemetry', payload: Buffer.from('{"online":0}'), qos: 1 } as const
    const client = await MqttClient.connect(device.token, { will: { ...will, retain: false } })
    const append = vi.spyOn(TelemetryWriter.prototype, 'appendPacked').mockImplementation(unavailable)
    client.sendRaw(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff]))
    await client.closed
    await expect.poll(() => append.mock.calls.length).toBeGreaterThan(0)
    append.mockRestore()
    await evictDurableObject(objectOf(device))
    expect(await history(device.deviceId)).toEqual([])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + limits.mqttWillRetryMs + 1_000 })
    await runDurableObjectAlarm(objectOf(device))
    await expect.poll(async () => (await history(device.deviceId)).map(({ values }) => values)).toEqual([{ online: 0 }])
    await expect
      .poll(() =>
        runInDurableObject(objectOf(device), (_, { storage }) =>
          storage.sql.exec('SELECT id FROM mqtt_wills').toArray(),
        ),
      )
      .toEqual([])
  })
})

describe('a deleted device', () => {
  it('says nothing more, not even its will, and leaves nothing behind', async () => {
    const device = await tenant.device()
    const topics = ['v1/devices/me/telemetry', 'v1/devices/me/attributes', 'v1/devices/me/status']
    const clients: MqttClient[] = []
    for (const [n, topic] of topics.entries()) {
      const will = { topic, payload: Buffer.from('{"online":0}'), qos: 1, retain: true } as const
      clients.push(await MqttClient.connect(device.token, { clientId: `c${n}`, will }))
    }
    const append = vi.spyOn(TelemetryWriter.prototype, 'appendPacked')
    await tenant.api('DELETE', `/api/devices/${device.deviceId}`)
    for (const client of clients) expect((await client.closed).code).toBe(4401)
    await new Promise((done) => setTimeout(done, 200))
    expect(append).not.toHaveBeenCalled()
    const left = await runInDurableObject(objectOf(device), async (_, { storage }) => ({
      tables: storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
      alarm: await storage.getAlarm(),
    }))
    expect(left).toEqual({ tables: [], alarm: null })
  })
})

describe('a rotated token', () => {
  it('takes its clients from the space at once, and is asked for again where they were not told', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token, { version: 5 })
    await client.said('v1/devices/me/telemetry', { a: 1 })
    vi.spyOn(MqttBroker.prototype, 'kick').mockImplementation(async () => {})
    await tenant.api('POST', `/api/devices/${device.deviceId}/token`)
    expect(await sessions(device)).toEqual([])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + limits.identityRecheckMs + 1_000 })
    client.publish('v1/devices/me/telemetry', { a: 2 })
    expect((await client.next('disconnect')).reasonCode).toBe(0x87)
    expect(await history(device.deviceId)).toHaveLength(1)
  })

  it('leaves a connection that has no session no say', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token, { version: 5 })
    await client.subscribe('v1/devices/me/x')
    vi.spyOn(MqttBroker.prototype, 'kick').mockImplementation(async () => {})
    await tenant.api('POST', `/api/devices/${device.deviceId}/token`)
    client.publish('v1/devices/me/x', 'hello')
    expect((await client.next('disconnect')).reasonCode).toBe(0x83)
    expect(client.pending).toEqual([])
  })
})
