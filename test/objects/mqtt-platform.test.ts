import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { MqttClient } from '../helpers/mqtt.ts'
import { history, newTenant, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

const sleepDevice = ({ deviceId }: TestDevice) => evictDurableObject(env.DEVICE_OBJECT.getByName(deviceId))
const events = async ({ deviceId }: TestDevice) =>
  (
    await (
      await tenant.api('GET', `/api/devices/${deviceId}/events`)
    ).json<{ items: { kind: string; detail: string; connector: string; code?: string }[] }>()
  ).items
const attributes = async ({ deviceId }: TestDevice) =>
  (
    await (
      await tenant.api('GET', `/api/devices/${deviceId}/attributes`)
    ).json<{ key: string; scope: string; value: unknown }[]>()
  ).map(({ scope, key, value }) => [scope, key, value])
const share = ({ deviceId }: TestDevice, values: Record<string, unknown>) =>
  tenant.api('POST', `/api/devices/${deviceId}/attributes`, { scope: 'SHARED', attributes: values })
const command = ({ deviceId }: TestDevice, body: object) =>
  tenant.api('POST', `/api/devices/${deviceId}/commands`, body)

describe('telemetry', () => {
  it('is taken under every name of its topic, and in every form', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    const client = await MqttClient.connect(gateway.token)
    const ts = Date.now() - 60_000
    client.publish(`devices/${gateway.token}/telemetry`, { ts, a: 1 })
    client.publish(`v1/devices/${gateway.token}/telemetry`, { ts: ts + 1, values: { a: 2 } })
    client.publish('v1/devices/me/telemetry', [{ ts: ts + 2, values: { a: 3 } }])
    client.publish('v1/devices/me/telemetry', { childDeviceId: child.deviceId, telemetry: { b: 1 }, ts })
    for (let n = 0; n < 4; n++) await client.next('puback')
    expect((await history(gateway.deviceId)).map(({ values }) => values)).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }])
    expect(await history(child.deviceId)).toMatchObject([{ ts, values: { b: 1 } }])
    client.close()
  })

  it('that is sent again as DUP is stored once, and what only looks alike is stored each time', async () => {
    const device = await tenant.device()
    const topic = `devices/${device.token}/telemetry`
    const client = await MqttClient.connect(device.token, { clientId: 'd' })
    for (const dup of [false, true, true]) {
      await client.said(topic, { a: 1 }, { messageId: 7, dup })
    }
    client.close()
    const again = await MqttClient.connect(device.token, { clientId: 'd' })
    await again.said(topic, { a: 1 }, { messageId: 7, dup: true })
    expect(await history(device.deviceId)).toHaveLength(1)
    await again.said(topic, { a: 1 }, { messageId: 7 })
    expect(await history(device.deviceId)).toHaveLength(2)
    await again.said(topic, { a: 2 }, { messageId: 7, dup: true })
    expect(await history(device.deviceId)).toHaveLength(3)
    again.close()
  })

  it('that cannot be read is acknowledged for good, with the reason in 5.0, and shown', async () => {
    const device = await tenant.device()
    for (const version of [4, 5] as const) {
      const client = await MqttClient.connect(device.token, { version })
      client.publish(`devices/${device.token}/telemetry`, 'no json')
      const puback = await client.next('puback')
      if (version === 5) expect(puback.reasonCode).toBe(0x99)
      client.close()
    }
    expect((await events(device)).filter(({ kind }) => kind === 'uplink_rejected')).toMatchObject([
      { connector: 'mqtt', code: 'payload_malformed' },
      { connector: 'mqtt', code: 'payload_malformed' },
    ])
    expect(await history(device.deviceId)).toEqual([])
  })

  it("on another device's topic ends the connection in 3.1.1, is refused in 5.0, and shown without its name", async () => {
    const device = await tenant.device()
    const other = await tenant.device()
    const old = await MqttClient.connect(device.token)
    old.publish(`devices/${other.token}/telemetry`, { a: 1 })
    expect((await old.closed).code).toBe(4401)
    const client = await MqttClient.connect(device.token, { version: 5 })
    client.publish(`devices/${other.token}/telemetry`, { a: 1 })
    expect((await client.next('puback')).reasonCode).toBe(0x87)
    expect((await client.subscribe('#')).granted).toEqual([0x87])
    await expect
      .poll(async () => (await events(device)).filter(({ code }) => code === 'forbidden').map(({ detail }) => detail))
      .toEqual(Array(2).fill("A message to a topic that is not this device's."))
    expect(await history(other.deviceId)).toEqual([])
    client.close()
  })
})

describe('attributes', () => {
  it('go round the loop of desired and confirmed, through a reboot', async () => {
    const device = await tenant.device()
    await share(device, { channel1: 1, volume: 5 })
    for (let boot = 0; boot < 2; boot++) {
      await sleepDevice(device)
      const client = await MqttClient.connect(device.token, { clientId: device.token })
      await client.subscribe(`devices/${device.token}/attributes/shared`)
      const snapshot = await client.message()
      expect(snapshot).toMatchObject({
        topic: `devices/${device.token}/attributes/shared`,
        packet: { retain: true, qos: 1 },
      })
      expect(JSON.parse(snapshot.text)).toEqual({ channel1: boot === 0 ? 1 : 0, volume: 5 })
      await client.subscribe(`devices/${device.token}/attributes/shared/response`)
      client.publish(`devices/${device.token}/attributes/shared/request`, { requestId: 17, keys: 'volume, nothing' })
      expect(JSON.parse((await client.message()).text)).toEqual({ volume: 5 })
      await share(device, { channel1: 0 })
      const delta = await client.message()
      expect(delta).toMatchObject({ text: '{"channel1":0}', packet: { retain: false } })
      await client.said(`devices/${device.token}/attributes/client`, { channel1: 0 })
      expect(await attributes(device)).toEqual([
        ['CLIENT', 'channel1', 0],
        ['SHARED', 'channel1', 0],
        ['SHARED', 'volume', 5],
      ])
      client.close()
    }
  })

  it('that nobody set are an empty object, to a request of any firmware', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token)
    await client.subscribe('v1/devices/me/attributes/shared/response')
    for (const body of [{}, '', { sharedKeys: 'a,b' }, { requestId: 'x', keys: ['a'] }]) {
      client.publish('v1/devices/me/attributes/shared/request', body)
      expect(await client.message()).toMatchObject({
        topic: 'v1/devices/me/attributes/shared/response',
        text: '{}',
        packet: { retain: false },
      })
    }
    client.close()
  })

  it('come in several messages where shipped firmware could not parse one', async () => {
    const device = await tenant.device()
    const wanted = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`channel${n}`, n]))
    await share(device, { ...wanted, note: 'x'.repeat(600) })
    const client = await MqttClient.connect(device.token)
    await client.subscribe(`devices/${device.token}/attributes/shared/response`)
    client.publish(`devices/${device.token}/attributes/shared/request`, { requestId: 1 })
    const parts: Record<string, unknown>[] = []
    while (Object.keys(Object.assign({}, ...parts)).length < 41) parts.push(JSON.parse((await client.message()).text))
    expect(Object.assign({}, ...parts)).toEqual({ ...wanted, note: 'x'.repeat(600) })
    for (const part of parts) {
      const keys = Object.keys(part)
      const pool = keys.reduce((sum, key) => sum + 16 + key.length + 1, 0)
      if (keys.length > 1) expect(pool).toBeLessThanOrEqual(512)
    }
    client.close()
  })

  it('reach a session that was away', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token, { clean: false })
    await client.subscribe('v1/devices/me/attributes/shared')
    expect((await client.message()).text).toBe('{}')
    await client.disconnect()
    await share(device, { a: 1 })
    const again = await MqttClient.connect(device.token, { clean: false })
    expect((await again.message()).text).toBe('{"a":1}')
    again.close()
  })
})

describe('commands', () => {
  it('are sent to who listens, answered and remembered', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token)
    await client.subscribe(`devices/${device.token}/rpc/request/+`)
    const answer = command(device, { method: 'ping', params: { a: 1 }, requestId: 'rpc_1', wait: true })
    const { topic, text } = await client.message()
    expect(topic).toBe(`devices/${device.token}/rpc/request/rpc_1`)
    expect(JSON.parse(text)).toEqual({ method: 'ping', params: { a: 1 }, requestId: 'rpc_1' })
    await client.subscribe(`devices/${device.token}/commands`)
    client.publish('v1/devices/me/rpc/response/rpc_1', { success: true, pong: 1 })
    expect(await (await answer).json()).toMatchObject({
      success: true,
      state: 'succeeded',
      transport: 'mqtt',
      result: { success: true, pong: 1 },
    })
    await command(device, { method: 'once', oneWay: true })
    const both = [await client.message(), await client.message()].map(({ topic }) => topic.split('/')[2])
    expect(both.sort()).toEqual(['commands', 'rpc'])
    client.close()
  })

  it('wait for a device that is away, if they are to, and are not kept by a session', async () => {
    const device = await tenant.device()
    const first = await MqttClient.connect(device.token, { clean: false })
    await first.subscribe('v1/devices/me/rpc/request/+')
    await first.disconnect()
    const failed = await (await command(device, { method: 'now' })).json()
    expect(failed).toMatchObject({ success: false, state: 'failed' })
    expect(await (await command(device, { method: 'later', persistent: true })).json()).toMatchObject({
      state: 'queued',
    })
    const client = await MqttClient.connect(device.token, { clean: false })
    expect(JSON.parse((await client.message()).text)).toMatchObject({ method: 'later' })
    expect(client.pending.filter(({ cmd }) => cmd === 'publish')).toEqual([])
    client.close()
  })
})

describe('a gateway', () => {
  it("speaks for its children in ThingsBoard's form, and is told for them", async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ name: 'Pump 1', parentGatewayId: gateway.deviceId })
    const client = await MqttClient.connect(gateway.token)
    await client.said('v1/gateway/connect', { device: 'Pump 1' })
    const ts = Date.now() - 1000
    await client.said('v1/gateway/telemetry', { 'Pump 1': [{ ts, values: { flow: 3 } }], [child.deviceId]: [{ x: 1 }] })
    expect((await history(child.deviceId)).map(({ values }) => values)).toEqual([{ flow: 3 }, { x: 1 }])
    await client.said('v1/gateway/attributes', { 'Pump 1': { firmware: '1.2' } })
    expect(await attributes(child)).toEqual([['CLIENT', 'firmware', '1.2']])

    await client.subscribe('v1/gateway/rpc')
    await client.subscribe('v1/gateway/attributes')
    const answer = command(child, { method: 'stop', params: {}, requestId: 'r9', wait: true })
    const asked = await client.message()
    expect([asked.topic, JSON.parse(asked.text)]).toEqual([
      'v1/gateway/rpc',
      { device: 'Pump 1', data: { id: 'r9', method: 'stop', params: {} } },
    ])
    client.publish('v1/gateway/rpc', { device: 'Pump 1', id: 'r9', data: { success: true } })
    expect(await (await answer).json()).toMatchObject({ state: 'succeeded', transport: 'mqtt' })
    await share(child, { speed: 4 })
    const told = await client.message()
    expect([told.topic, JSON.parse(told.text)]).toEqual([
      'v1/gateway/attributes',
      { device: 'Pump 1', data: { speed: 4 } },
    ])
    await client.said('v1/gateway/connect', { device: 'No such child' })
    expect((await events(gateway)).filter(({ code }) => code === 'child_not_found')).toHaveLength(1)
    client.close()
  })

  it('is there for its children, which are unreachable else; what waits for one goes out when it comes', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    const shown = async () =>
      (await tenant.api('GET', `/api/devices/${child.deviceId}`)).json<{ connected?: boolean; unreachable?: boolean }>()
    expect(await shown()).toMatchObject({ unreachable: true })
    expect(await (await command(child, { method: 'later', persistent: true })).json()).toMatchObject({
      state: 'queued',
    })
    const client = await MqttClient.connect(gateway.token)
    await client.subscribe('v1/devices/me/rpc/request/+')
    const asked = await client.message()
    expect(JSON.parse(asked.text)).toMatchObject({ method: 'later', childDeviceId: child.deviceId })
    const id = asked.topic.slice(asked.topic.lastIndexOf('/') + 1)
    await client.said(`v1/devices/me/rpc/response/${id}`, { childDeviceId: child.deviceId, success: true })
    const { items } = await (await tenant.api('GET', `/api/devices/${child.deviceId}/commands`)).json<{
      items: { status?: string; state?: string }[]
    }>()
    expect(items).toMatchObject([{ state: 'succeeded' }])
    expect(await shown()).not.toMatchObject({ unreachable: true })
    client.close()
  })

  it('is what a device must be to use its topics', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token, { version: 5 })
    for (const topic of ['connect', 'telemetry', 'attributes']) {
      client.publish(`v1/gateway/${topic}`, topic === 'telemetry' ? { x: [{ a: 1 }] } : { device: 'x' })
      expect((await client.next('puback')).reasonCode).toBe(0x87)
    }
    client.close()
  })
})

describe('who is there', () => {
  it('is shown, and why a connection ended', async () => {
    const device = await tenant.device()
    const connected = async () =>
      (await (await tenant.api('GET', `/api/devices/${device.deviceId}`)).json<{ connected: boolean }>()).connected
    const client = await MqttClient.connect(device.token)
    expect(await connected()).toBe(true)
    await client.disconnect()
    expect(await connected()).toBe(false)
    expect((await events(device)).map(({ kind, connector, detail }) => [kind, connector, detail])).toEqual([
      ['disconnected', 'mqtt', 'The client disconnected.'],
      ['connected', 'mqtt', 'A connection was opened.'],
    ])
  })

  it('goes when its token is rotated, and its session stays for the new one', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token, {
      version: 5,
      clean: false,
      properties: { sessionExpiryInterval: 600 },
    })
    await client.subscribe('v1/devices/me/x')
    const { token } = await (await tenant.api('POST', `/api/devices/${device.deviceId}/token`)).json<{
      token: string
    }>()
    expect((await client.next('disconnect')).reasonCode).toBe(0x87)
    expect((await MqttClient.connect(device.token, { version: 5 })).connack.reasonCode).toBe(0x86)
    const again = await MqttClient.connect(token, { version: 5, clean: false })
    expect(again.connack.sessionPresent).toBe(true)
    again.publish(`devices/${token}/x`, 'hi')
    expect(await again.message()).toMatchObject({ topic: 'v1/devices/me/x', text: 'hi' })
    again.close()
  })

  it('goes when the device is deleted', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token)
    await tenant.api('DELETE', `/api/devices/${device.deviceId}`)
    expect((await client.closed).code).toBe(4401)
  })
})
