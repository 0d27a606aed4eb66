// Real clients on the production bundle: mqtt.js in both versions, and paho of Debian (3.1.1 and 5).
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DemoServer, startDemoServer } from './server.ts'

let server: DemoServer
beforeAll(async () => {
  server = await startDemoServer()
})
afterAll(async () => {
  await server?.stop()
})

async function api<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${server.demo.apiKey}`, 'content-type': 'application/json' }
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
  const response = await fetch(`${server.url}${path}`, init)
  expect(response.status, `${method} ${path}`).toBeLessThan(300)
  return (response.status === 204 ? undefined : await response.json()) as T
}

const newDevice = () => api<{ deviceId: string; token: string }>('/api/devices', 'POST', { name: 'mqtt' })
const stored = async (deviceId: string, key: string) =>
  (await api<Record<string, [number, unknown][]>>(`/api/devices/${deviceId}/telemetry/range?keys=${key}&limit=5000`))[
    key
  ]?.map(([, value]) => value) ?? []
const mqttUrl = () => `${server.url.replace(/^http/, 'ws')}/mqtt`

type Version = 4 | 5
const connect = (token: string, options: IClientOptions = {}): Promise<MqttClient> =>
  mqtt.connectAsync(mqttUrl(), { username: token, reconnectPeriod: 0, ...options })

/** Messages in the order in which they come. */
function inbox(client: MqttClient) {
  const messages: { topic: string; text: string; retain: boolean }[] = []
  const waiting: (() => void)[] = []
  client.on('message', (topic, payload, { retain }) => {
    messages.push({ topic, text: payload.toString(), retain })
    waiting.shift()?.()
  })
  return async () => {
    if (messages.length === 0) await new Promise<void>((done) => waiting.push(done))
    return messages.shift() as (typeof messages)[number]
  }
}

describe.each([4, 5] as const)('mqtt.js at level %d', (protocolVersion: Version) => {
  test('telemetry at every QoS is stored and read back', async () => {
    const { deviceId, token } = await newDevice()
    const client = await connect(token, { protocolVersion })
    for (let n = 0; n < 100; n++)
      await client.publishAsync(`devices/${token}/telemetry`, JSON.stringify({ n }), { qos: 1 })
    await client.publishAsync('v1/devices/me/telemetry', '{"m":2}', { qos: 2 })
    await client.publishAsync('v1/devices/me/telemetry', '{"m":0}', { qos: 0 })
    await client.endAsync()
    expect((await stored(deviceId, 'n')).sort()).toEqual(Array.from({ length: 100 }, (_, n) => n).sort())
    await expect.poll(async () => (await stored(deviceId, 'm')).sort()).toEqual([0, 2])
  })

  test('shared attributes come on subscribe, live, on request and after a reboot', async () => {
    const { deviceId, token } = await newDevice()
    const share = (attributes: object) =>
      api(`/api/devices/${deviceId}/attributes`, 'POST', { scope: 'SHARED', attributes })
    await share({ channel1: 1 })
    for (const channel1 of [1, 0]) {
      const client = await connect(token, { protocolVersion, clientId: token })
      const next = inbox(client)
      await client.subscribeAsync(`devices/${token}/attributes/shared`, { qos: 1 })
      expect(await next()).toEqual({
        topic: `devices/${token}/attributes/shared`,
        text: JSON.stringify({ channel1 }),
        retain: true,
      })
      await client.subscribeAsync(`devices/${token}/attributes/shared/response`, { qos: 1 })
      await client.publishAsync(`devices/${token}/attributes/shared/request`, '{"requestId":1}', { qos: 1 })
      expect((await next()).text).toBe(JSON.stringify({ channel1 }))
      await share({ channel1: 0 })
      expect(await next()).toMatchObject({ text: '{"channel1":0}', retain: false })
      await client.publishAsync(`devices/${token}/attributes/client`, '{"channel1":0}', { qos: 1 })
      const gone = new Promise((done) => client.once('close', () => done(undefined)))
      client.stream.destroy()
      await gone
    }
    const client = await api<unknown[]>(`/api/devices/${deviceId}/attributes?scope=CLIENT`)
    expect(client).toMatchObject([{ key: 'channel1', value: 0 }])
  })

  test('a command goes out and its answer comes back', async () => {
    const { deviceId, token } = await newDevice()
    const client = await connect(token, { protocolVersion })
    await client.subscribeAsync(`devices/${token}/rpc/request/+`, { qos: 1 })
    client.on('message', (topic, payload) => {
      const { method } = JSON.parse(payload.toString())
      const answer = JSON.stringify({ success: true, method })
      client.publish(`devices/${token}/rpc/response/${topic.slice(topic.lastIndexOf('/') + 1)}`, answer, { qos: 1 })
    })
    const answer = await api(`/api/devices/${deviceId}/commands`, 'POST', { method: 'ping', wait: true })
    expect(answer).toMatchObject({ success: true, transport: 'mqtt', result: { success: true, method: 'ping' } })
    await client.endAsync()
  })

  test('a will is published, retained messages stay, a session keeps what it missed', async () => {
    const { token } = await newDevice()
    const topic = `devices/${token}/status`
    const watcher = await connect(token, { protocolVersion })
    const seen = inbox(watcher)
    await watcher.subscribeAsync(topic, { qos: 1 })
    const keeper = { protocolVersion, clientId: 'keeper', clean: false, properties: { sessionExpiryInterval: 600 } }
    const away = await connect(token, keeper)
    await away.subscribeAsync(topic, { qos: 1 })
    await away.endAsync()
    const will = { topic, payload: Buffer.from('gone'), qos: 1, retain: true } as const
    const dying = await connect(token, { protocolVersion, will })
    dying.stream.destroy()
    expect((await seen()).text).toBe('gone')
    const back = mqtt.connect(mqttUrl(), { username: token, reconnectPeriod: 0, ...keeper })
    const missed = inbox(back)
    expect((await missed()).text).toBe('gone')
    const late = await connect(token, { protocolVersion })
    const retained = inbox(late)
    await late.subscribeAsync(topic, { qos: 1 })
    expect(await retained()).toEqual({ topic, text: 'gone', retain: true })
    await Promise.all([watcher, back, late].map((client) => client.endAsync()))
  })
})

test('3,000 messages at once: each stored once, acknowledged in order', async () => {
  const { deviceId, token } = await newDevice()
  const client = await connect(token)
  const acknowledged: number[] = []
  await Promise.all(
    Array.from({ length: 3_000 }, async (_, n) => {
      await client.publishAsync(`devices/${token}/telemetry`, JSON.stringify({ n }), { qos: 1 })
      acknowledged.push(n)
    }),
  )
  expect(acknowledged).toEqual(Array.from({ length: 3_000 }, (_, n) => n))
  expect(new Set(await stored(deviceId, 'n')).size).toBe(3_000)
  await client.endAsync()
})

test('a client that was silent while everything went to sleep goes on where it was', async () => {
  const { deviceId, token } = await newDevice()
  const client = await connect(token, { keepalive: 60 })
  const next = inbox(client)
  await client.subscribeAsync(`devices/${token}/x`, { qos: 1 })
  await sleep(13_000) // objects hibernate after 10 s without an event
  const other = await connect(token)
  await other.publishAsync(`devices/${token}/x`, 'awake?', { qos: 1 })
  expect((await next()).text).toBe('awake?')
  await client.publishAsync(`devices/${token}/telemetry`, '{"n":1}', { qos: 1 })
  expect(await stored(deviceId, 'n')).toEqual([1])
  await Promise.all([client, other].map((one) => one.endAsync()))
})

test('an unknown token is turned away', async () => {
  await expect(connect('00000000-0000-4000-8000-000000000000')).rejects.toThrow(/Bad username or password/)
})

test('the client id is taken for the token where there is no user name', async () => {
  const { deviceId, token } = await newDevice()
  const client = await mqtt.connectAsync(mqttUrl(), { clientId: token, reconnectPeriod: 0 })
  await client.publishAsync(`devices/${token}/telemetry`, '{"old":1}', { qos: 1 })
  expect(await stored(deviceId, 'old')).toEqual([1])
  await client.endAsync()
})

// Not everybody has it; in CI it must be there (.ci/run).
const pythons = ['/usr/bin/python3', 'python3']
const python = pythons.find((path) => spawnSync(path, ['-c', 'import paho.mqtt.client']).status === 0)
test.skipIf(!python && !process.env.CI).each(['4', '5'])('paho at level %s', async (level) => {
  const { deviceId, token } = await newDevice()
  const share = { scope: 'SHARED', attributes: { channel1: 1 } }
  await api(`/api/devices/${deviceId}/attributes`, 'POST', share)
  const { hostname, port } = new URL(server.url)
  const script = join(import.meta.dirname, 'paho_device.py')
  const output = await new Promise<string>((done, fail) => {
    execFile(
      python ?? 'python3',
      [script, hostname, port, token, level],
      { timeout: 60_000 },
      (error, stdout, stderr) => (error ? fail(new Error(`${stdout}${stderr}`)) : done(stdout)),
    )
  })
  expect(JSON.parse(output)).toEqual({ snapshot: { channel1: 1 }, retained: true, echoed: 'hello', acknowledged: 20 })
  expect(await stored(deviceId, 'n')).toHaveLength(20)
})
