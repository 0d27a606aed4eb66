import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { fnv1a } from '../../src/domain/fnv1a.ts'
import { limits } from '../../src/domain/limits.ts'
import { hooked } from '../helpers/d1.ts'
import { MqttClient } from '../helpers/mqtt.ts'
import { history, newTenant, replaceDatabase, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
let restore: (() => Promise<void>) | undefined
beforeAll(async () => {
  tenant = await newTenant()
})
afterEach(async () => {
  vi.useRealTimers()
  await restore?.()
  restore = undefined
})

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))
const topicOf = (device: TestDevice) => `devices/${device.token}/telemetry`
const isInsert = (statements: readonly { readonly sql: string }[]) =>
  statements.some(({ sql }) => sql.includes('INSERT INTO telemetry'))

describe('while D1 is slow', () => {
  it('nothing is acknowledged before its commit, and all in order', async () => {
    const device = await tenant.device()
    let open = () => {}
    const gate = new Promise<void>((done) => {
      open = done
    })
    restore = await replaceDatabase(device.deviceId, (db) =>
      hooked(db, async (statements) => {
        if (isInsert(statements)) await gate
      }),
    )
    const client = await MqttClient.connect(device.token)
    const ids = Array.from({ length: 50 }, (_, n) => client.publish(topicOf(device), { n }))
    client.send({ cmd: 'pingreq' })
    await client.next('pingresp')
    await pause(200)
    expect(client.pending).toEqual([])
    expect(await history(device.deviceId)).toEqual([])
    open()
    const acks: number[] = []
    while (acks.length < ids.length) acks.push((await client.next('puback')).messageId ?? 0)
    expect(acks).toEqual(ids)
    expect(await history(device.deviceId)).toHaveLength(50)
    client.close()
  })

  it('one device waits for its own readings only', async () => {
    const key = crypto.randomUUID()
    const [slow, quick] = await devicesOfTwoLanes()
    restore = await replaceDatabase(slow.deviceId, (db) => hooked(db, () => pause(1_000) as Promise<void>))
    const slowClient = await MqttClient.connect(slow.token, { key })
    const quickClient = await MqttClient.connect(quick.token, { key })
    slowClient.publish(topicOf(slow), { a: 1 })
    const startedAt = Date.now()
    for (let n = 0; n < 5; n++) await quickClient.said(topicOf(quick), { n })
    expect(Date.now() - startedAt).toBeLessThan(900)
    await slowClient.next('puback')
    slowClient.close()
    quickClient.close()
  })
})

async function devicesOfTwoLanes(): Promise<[TestDevice, TestDevice]> {
  const first = await tenant.device()
  for (;;) {
    const other = await tenant.device()
    const laneOf = ({ deviceId }: TestDevice) => fnv1a(deviceId) % limits.lanesPerShard
    if (laneOf(other) !== laneOf(first)) return [first, other]
  }
}

describe('a broker that holds too much', () => {
  it('lets the worst client go, and serves the others', async () => {
    const device = await tenant.device()
    let open = () => {}
    const gate = new Promise<void>((done) => {
      open = done
    })
    restore = await replaceDatabase(device.deviceId, (db) =>
      hooked(db, async (statements) => {
        if (isInsert(statements)) await gate
      }),
    )
    const key = crypto.randomUUID()
    const packets = 120
    const filler = ['x'.repeat(3_900)]
    const clients = await Promise.all(
      Array.from({ length: 20 }, (_, n) => MqttClient.connect(device.token, { clientId: `c${n}`, key, version: 5 })),
    )
    for (const [n, client] of clients.entries()) {
      for (let i = 0; i < packets; i++) client.publish(topicOf(device), { n, i, filler })
    }
    const [gone] = await Promise.race(
      clients.map(async (client) => [client, await client.next('disconnect', 20_000)] as const),
    )
    expect(gone.pending.filter(({ cmd }) => cmd === 'puback')).toEqual([])
    open()
    const lasting = clients.filter(
      (client) => !client.pending.some(({ cmd }) => cmd === 'disconnect') && client !== gone,
    )
    expect(lasting.length).toBeGreaterThan(10)
    const last = lasting[0] as MqttClient
    for (let i = 0; i < packets; i++) await last.next('puback', 20_000)
    for (const client of clients) client.close()
  })
})

describe('while D1 fails', () => {
  it('nothing is acknowledged, the connection ends, and what is sent again is stored once', async () => {
    const device = await tenant.device()
    let fails = true
    restore = await replaceDatabase(device.deviceId, (db) =>
      hooked(db, (statements) => {
        if (fails && isInsert(statements)) throw new Error('D1_ERROR: no such database, in a test')
      }),
    )
    const client = await MqttClient.connect(device.token, { version: 5, clientId: 'x' })
    const messageId = client.publish(topicOf(device), { a: 1 })
    expect((await client.next('disconnect', 15_000)).reasonCode).toBe(0x83)
    expect(client.pending.filter(({ cmd }) => cmd === 'puback')).toEqual([])
    expect((await client.closed).code).toBe(1013)
    fails = false
    const again = await MqttClient.connect(device.token, { version: 5, clientId: 'x' })
    await again.said(topicOf(device), { a: 1 }, { messageId, dup: true })
    expect(await history(device.deviceId)).toHaveLength(1)
    again.close()
  })
})

describe('a connection', () => {
  const broker = (key: string) => env.MQTT_BROKER.getByName(`enam:${fnv1a(key) % limits.brokersPerRegion}`)
  const ring = (key: string) => runDurableObjectAlarm(broker(key))

  it('that says nothing is cut off after 10 s, and one that falls silent after one and a half keep-alives', async () => {
    const key = crypto.randomUUID()
    const device = await tenant.device()
    const mute = await MqttClient.open({ key })
    const silent = await MqttClient.connect(device.token, { key, keepalive: 20, version: 5 })
    const lively = await MqttClient.connect(device.token, { key, keepalive: 60, clientId: 'lively' })
    const now = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: now + 11_000 })
    await ring(key)
    expect((await mute.closed).code).toBe(4408)
    vi.setSystemTime(now + 31_000)
    await ring(key)
    expect((await silent.next('disconnect')).reasonCode).toBe(0x8d)
    lively.send({ cmd: 'pingreq' })
    await lively.next('pingresp')
    lively.close()
  })

  it('is closed for a text frame, and for bytes that are no MQTT', async () => {
    const text = await MqttClient.open()
    text.sendRaw('hello')
    expect((await text.closed).code).toBe(1002)
    const http = await MqttClient.open()
    http.sendRaw(new Uint8Array(4))
    expect((await http.closed).code).toBe(1002)
  })

  it('keeps a state that is too large for its attachment', async () => {
    const key = crypto.randomUUID()
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token, { key, version: 5 })
    const whole = 40_000
    const payload = JSON.stringify({ text: Array.from({ length: 10 }, () => 'x'.repeat(4_000)) })
    expect(payload.length).toBeGreaterThan(whole)
    const packet = client.packed(topicOf(device), JSON.stringify({ a: 1, filler: 'y'.repeat(3_000) }))
    client.sendRaw(packet.subarray(0, 2_000))
    const big = client.packed('v1/devices/me/big', payload, 2)
    await pause(50)
    client.sendRaw(packet.subarray(2_000))
    await client.next('puback')
    client.sendRaw(big.subarray(0, 30_000))
    await expect
      .poll(() =>
        runInDurableObject(broker(key), (_, { storage }) =>
          storage.sql.exec('SELECT id FROM connections WHERE snapshot IS NOT NULL').toArray(),
        ),
      )
      .toHaveLength(1)
    await evictBroker(key)
    client.sendRaw(big.subarray(30_000))
    await client.next('puback')
    await evictBroker(key)
    await client.said(topicOf(device), { a: 2 })
    expect(await history(device.deviceId)).toHaveLength(2)
    client.close()
  })

  async function evictBroker(key: string) {
    const { evictDurableObject } = await import('cloudflare:test')
    await evictDurableObject(broker(key), { webSockets: 'hibernate' })
  }
})
