import { beforeAll, describe, expect, it } from 'vitest'
import { TestSocket } from '../helpers/socket.ts'
import { history, newTenant, type Problem, request, send, type TestDevice, type TestTenant } from '../helpers/world.ts'

// Lines of docs/compatibility.md that no other test shows: what clients of the existing platform send and read.

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

const attributes = ({ deviceId }: TestDevice) => `/api/devices/${deviceId}/attributes`
const save = (device: TestDevice, scope: string, values: object) =>
  tenant.api('POST', attributes(device), { scope, attributes: values })
const list = async (device: TestDevice) =>
  (await tenant.api('GET', attributes(device))).json<Record<string, unknown>[]>()
const flat = async ({ token }: TestDevice, query = '?scope=SHARED') =>
  (await request('GET', `/api/v1/${token}/attributes/flat${query}`)).json<unknown>()
const command = (device: TestDevice, body: object) =>
  tenant.api('POST', `/api/devices/${device.deviceId}/commands`, body)
const watch = async ({ deviceId }: TestDevice) => {
  const live = await TestSocket.open(`/api/devices/${deviceId}/live?limit=0`, {
    authorization: `Bearer ${tenant.apiKey}`,
  })
  expect(await live.next()).toMatchObject({ type: 'ready' })
  return live
}

describe('the HTTP device interface', () => {
  it('stores what sketches send: numbers, booleans and text, with ts or timestamp, a little ahead too', async () => {
    const { deviceId, token } = await tenant.device()
    const now = Date.now()
    const values = { temperature: 24.5, machine_sensor_ok: true, machine_operator_name: 'Asha' }
    const answer = await send(token, values)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(await answer.json()).toMatchObject({ success: true, accepted: 1 })
    for (const time of [{ ts: 1_712_486_400_000 }, { timestamp: 1_712_486_401_000 }])
      await send(token, { ...time, a: 1 })
    const items = [0, 1, 2].map((i) => ({ telemetry: { temperature: i }, ts: now + i * 1_000 }))
    expect((await send(token, { items }, {}, 'telemetry/batch')).status).toBe(200)
    const rows = await history(deviceId)
    expect(rows.slice(0, 2)).toMatchObject([
      { ts: 1_712_486_400_000, values: { a: 1 } },
      { ts: 1_712_486_401_000, values: { a: 1 } },
    ])
    expect(rows.map((row) => row.values)).toContainEqual(values)
    for (const { ts, telemetry } of items) expect(rows).toContainEqual({ ts, values: telemetry, mark: null })
  })

  it('gives attributes/flat as a bare array of SHARED rows and nothing else', async () => {
    const device = await tenant.device()
    expect(await flat(device)).toEqual([])
    await save(device, 'SHARED', { channel1: 1, limitVoltage1: 230 })
    await save(device, 'SERVER', { note: 'x' })
    await send(device.token, { channel1: 0, freeHeap: 1000 }, {}, 'attributes')
    expect(await flat(device)).toEqual([
      { key: 'channel1', value: 1, scope: 'SHARED' },
      { key: 'limitVoltage1', value: 230, scope: 'SHARED' },
    ])
    expect(await flat(device, '?scope=SHARED&keys=limitVoltage1,volume')).toEqual([
      { key: 'limitVoltage1', value: 230, scope: 'SHARED' },
    ])
  })

  it('keeps a flat object as client attributes, text too', async () => {
    const device = await tenant.device()
    const posted = { channel1: 1, wifiRSSI: -61, sdkVersion: '1.3.7' }
    expect((await send(device.token, posted, {}, 'attributes')).status).toBe(200)
    const rows = await list(device)
    expect(rows.every(({ scope }) => scope === 'CLIENT')).toBe(true)
    expect(Object.fromEntries(rows.map(({ key, value }) => [key, value]))).toEqual(posted)
  })

  it('tells its health in the members that sketches print, and no version', async () => {
    const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    const healthz = await request('GET', '/healthz')
    expect(healthz.status).toBe(200)
    expect(await healthz.json()).toEqual({ status: 'ok', postgres: 'ok', redis: 'ok', timestamp })
    expect(await (await request('GET', '/health')).json()).toEqual({
      status: 'ok',
      service: 'autoconnecto-edge',
      timestamp,
    })
  })

  it('tells who used the device id for its token so, in statusCode and message', async () => {
    const { deviceId } = await tenant.device()
    const calls = [
      send(deviceId, { a: 1 }),
      send(deviceId, { a: 1 }, {}, 'attributes'),
      request('GET', `/api/v1/${deviceId}/attributes/flat?scope=SHARED`),
    ]
    for (const answer of await Promise.all(calls)) {
      expect(answer.status).toBe(401)
      const { statusCode, message } = await answer.json<Problem>()
      expect([statusCode, message]).toEqual([401, expect.stringMatching(/^Invalid device token/)])
    }
  })
})

describe('the device WebSocket', () => {
  it('serves the old client on /: auth, attributes, one update a key, client attributes', async () => {
    const device = await tenant.device()
    await save(device, 'SHARED', { channel1: 1, volume: 5 })
    const socket = await TestSocket.open('/')
    socket.send({ type: 'auth', deviceToken: device.token })
    expect(await socket.next()).toEqual({ type: 'auth_result', success: true })
    socket.send({ type: 'get_attributes', scope: 'SHARED' })
    expect(await socket.next()).toEqual({ type: 'attributes_response', data: { channel1: 1, volume: 5 } })
    await save(device, 'SHARED', { channel1: 0, channel2: 1 })
    expect(await socket.next()).toEqual({ type: 'attribute_update', key: 'channel1', value: 0 })
    expect(await socket.next()).toEqual({ type: 'attribute_update', key: 'channel2', value: 1 })
    socket.send({ type: 'client_attribute', key: 'channel1', value: 0 })
    expect(await socket.next()).toEqual({ type: 'ack', accepted: 1 })
    expect(await list(device)).toContainEqual(expect.objectContaining({ key: 'channel1', value: 0, scope: 'CLIENT' }))
    socket.send({ type: 'telemetry', data: { temperature: 24.5 } })
    expect(await socket.next()).toEqual({ type: 'ack', accepted: 1 })
    expect(await history(device.deviceId)).toHaveLength(1)
    expect(socket.pending).toBe(0)
    socket.close()
  })
})

describe('a gateway', () => {
  it('names its child by device id: not by token, not by name', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ name: 'Fridge', parentGatewayId: gateway.deviceId })
    const speak = async (childDeviceId: string) =>
      (await send(gateway.token, { childDeviceId, telemetry: { temperature: 4.1 } })).status
    expect(await speak(child.token)).toBe(404)
    expect(await speak('Fridge')).toBe(404)
    expect(await history(child.deviceId)).toEqual([])
    expect(await speak(child.deviceId)).toBe(200)
    expect(await history(child.deviceId)).toMatchObject([{ values: { temperature: 4.1 } }])
  })

  it('names children in the items of a batch too, flat or enveloped, or none for itself', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    const { deviceId: childDeviceId } = child
    const items = [
      { childDeviceId, ts: 1_712_486_400_000, telemetry: { a: 1 } },
      { childDeviceId, ts: 1_712_486_401_000, b: 2 },
      { telemetry: { uptime: 17 } },
    ]
    const answer = await send(gateway.token, { items }, {}, 'telemetry/batch')
    expect(await answer.json()).toMatchObject({ accepted: 3, rejected: [] })
    expect(await history(child.deviceId)).toMatchObject([{ values: { a: 1 } }, { values: { b: 2 } }])
    expect(await history(gateway.deviceId)).toMatchObject([{ values: { uptime: 17 } }])
  })
})

describe('the attribute loop', () => {
  it('goes from the app to a polling device and back, and the live feed tells both ways', async () => {
    const device = await tenant.device()
    const live = await watch(device)
    expect((await save(device, 'SHARED', { channel1: 1 })).ok).toBe(true)
    expect(await live.next()).toMatchObject({ type: 'attribute', scope: 'shared', key: 'channel1', value: 1 })
    expect(await flat(device)).toEqual([{ key: 'channel1', value: 1, scope: 'SHARED' }])
    await send(device.token, { channel1: 1 }, {}, 'attributes')
    expect(await live.next()).toMatchObject({ type: 'attribute', scope: 'client', key: 'channel1', value: 1 })
    live.close()
  })

  it('takes every scope that the app writes, and lists rows as it reads them', async () => {
    const device = await tenant.device()
    for (const scope of ['SHARED', 'CLIENT', 'SERVER']) expect((await save(device, scope, { k: scope })).ok).toBe(true)
    const updated = { updatedTs: expect.any(Number), updated_ts: expect.any(Number) }
    expect(await list(device)).toEqual(
      ['CLIENT', 'SHARED', 'SERVER'].map((scope) => ({ key: 'k', value: scope, scope, ...updated })),
    )
  })

  it('carries fw_* to the device and fw_state back as any attributes', async () => {
    const device = await tenant.device()
    await save(device, 'SHARED', { fw_title: 'main', fw_version: '2.0', fw_size: 4096 })
    expect(await flat(device)).toHaveLength(3)
    expect((await send(device.token, { fw_state: 'DOWNLOADING' }, {}, 'attributes')).status).toBe(200)
    expect(await list(device)).toContainEqual(
      expect.objectContaining({ key: 'fw_state', value: 'DOWNLOADING', scope: 'CLIENT' }),
    )
  })
})

describe('commands of the app', () => {
  const forms: [form: object, method: string, params: object][] = [
    [{ method: 'relay_set', params: { channel: 2, state: true } }, 'relay_set', { channel: 2, state: true }],
    [{ type: 'set_channel_state', channel: 1, state: true }, 'set_channel_state', { channel: 1, state: true }],
    [{ type: 'set_numeric_value', key: 'volume', value: 7 }, 'set_numeric_value', { key: 'volume', value: 7 }],
  ]
  it.each(forms)('%j reach the device as method and params', async (form, method, params) => {
    const device = await tenant.device()
    const socket = await TestSocket.open(`/api/v1/${device.token}/ws`)
    const requestId = 'rpc_1716720000000_ab12cd'
    const answer = await command(device, { ...form, requestId, retries: 3, retryIntervalMs: 1_000 })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ success: true, transport: 'websocket', requestId })
    expect(await socket.next()).toEqual({ type: 'rpc_request', requestId, method, params })
    socket.close()
  })

  it('to a device that is away answer 200, success false and a message, and the live feed says failed', async () => {
    const device = await tenant.device()
    const live = await watch(device)
    const answer = await command(device, { method: 'ping', params: {}, requestId: 'rpc_1' })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ success: false, message: 'The device is offline.', requestId: 'rpc_1' })
    const states: unknown[] = []
    do states.push((await live.next<{ command: { state: string } }>()).command.state)
    while (states.at(-1) === 'queued')
    expect(states.at(-1)).toBe('failed')
    live.close()
  })
})

describe('the interface for apps', () => {
  it('gives device rows under items, in the members that the app reads', async () => {
    const own = await newTenant()
    const { deviceId, token } = await own.device({ name: 'Pump', deviceType: 'pump' })
    await send(token, { a: 1 })
    const row = {
      deviceId,
      name: 'Pump',
      deviceType: 'pump',
      status: 'ACTIVE',
      lastActivityTs: expect.any(Number),
      inactivityTimeoutMs: 600_000,
      profileId: null,
    }
    expect(await (await own.api('GET', `/api/devices/${deviceId}`)).json()).toMatchObject(row)
    const { items } = await (await own.api('GET', '/api/devices')).json<{ items: object[] }>()
    expect(items).toHaveLength(1)
    expect(items[0]).toMatchObject({ deviceId, name: 'Pump', deviceType: 'pump', inactivityTimeoutMs: 600_000 })
    expect(await (await own.api('GET', '/api/devices/types')).json()).toEqual({ types: ['pump'] })
  })

  it('gives fifty devices where no limit is given, and says where the next page begins', async () => {
    const own = await newTenant()
    const rows = Array.from({ length: 51 }, (_, i) => ({ name: `Pump ${i}` }))
    await own.api('POST', '/api/devices/bulk/import', rows, { 'content-type': 'application/json' })
    const page = async (query: string) =>
      (await own.api('GET', `/api/devices${query}`)).json<{ items: object[]; nextCursor: string | null }>()
    const first = await page('')
    expect(first.items).toHaveLength(50)
    expect((await page(`?cursor=${encodeURIComponent(String(first.nextCursor))}`)).items).toHaveLength(1)
    expect(await page('?limit=500')).toMatchObject({ items: { length: 51 }, nextCursor: null })
  })

  it('gives the latest values as a map of key to value and ts', async () => {
    const { deviceId, token } = await tenant.device()
    await send(token, { ts: 1_712_486_400_000, temperature: 24.5, ok: true })
    expect(await (await tenant.api('GET', `/api/devices/${deviceId}/telemetry/latest`)).json()).toEqual({
      temperature: { value: 24.5, ts: 1_712_486_400_000 },
      ok: { value: true, ts: 1_712_486_400_000 },
    })
  })

  it('answers the query of the app with series of ascending points', async () => {
    const { deviceId, token } = await tenant.device()
    const to = Math.floor(Date.now() / 60_000) * 60_000
    for (const n of [2, 1, 3]) await send(token, { ts: to - 10_000 + n, n })
    const body = { deviceIds: [deviceId], keys: ['n'], from: to - 86_400_000, to, aggregation: 'none' }
    const ask = async (more: object) =>
      (await tenant.api('POST', '/api/v1/telemetry/query', { ...body, combineDevices: false, ...more })).json()
    const points = [1, 2, 3].map((n) => [to - 10_000 + n, n])
    expect(await ask({})).toMatchObject({ series: [{ deviceId, key: 'n', points }] })
    expect(await ask({ maxDataPoints: 1 })).toMatchObject({
      series: [{ deviceId, key: 'n', points: points.slice(-1) }],
    })
  })

  it('says what is wrong in statusCode and message, which is text', async () => {
    const { deviceId } = await tenant.device()
    const calls: [Promise<Response>, number][] = [
      [request('GET', '/api/devices'), 401],
      [tenant.api('GET', `/api/devices/${crypto.randomUUID()}`), 404],
      [tenant.api('POST', `/api/devices/${deviceId}/attributes`, { scope: 'OTHER', attributes: { a: 1 } }), 422],
      [tenant.api('POST', `/api/devices/${deviceId}/commands`, 'no json'), 400],
      [tenant.api('GET', '/api/rule-chains'), 404],
    ]
    for (const [call, status] of calls) {
      const answer = await call
      const { statusCode, message } = await answer.json<Problem>()
      expect([answer.status, statusCode, message]).toEqual([status, status, expect.stringMatching(/./)])
    }
  })
})

describe('what is not offered', () => {
  it.each([
    ['/socket.io', '/api/devices/{id}/live'],
    ['/socket.io/?EIO=4&transport=websocket', '/api/devices/{id}/live'],
    ['/socket.io/?EIO=4&transport=polling&t=x', '/api/devices/{id}/live'],
    ['/api/v1/some-token/firmware?title=main&version=2.0&size=4096&chunk=0', 'fw_*'],
    ['/api/v1/some-token/software?title=main&version=2.0', 'fw_*'],
  ])('%s says so, and what to use in its place', async (path, instead) => {
    const headers = { connection: 'upgrade', upgrade: 'websocket' }
    const answer = await request('GET', path, path.includes('transport=websocket') ? { headers } : {})
    expect(answer.status).toBe(501)
    const problem = await answer.json<Problem>()
    expect(problem).toMatchObject({ code: 'not_offered', retryable: false, statusCode: 501, message: problem.detail })
    expect(problem.detail).toContain(instead)
  })
})
