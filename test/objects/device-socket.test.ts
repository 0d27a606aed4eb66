import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import type { DeviceObject } from '../../src/objects/device-object.ts'
import { TestSocket } from '../helpers/socket.ts'
import { history, newTenant, request, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

const stub = ({ deviceId }: TestDevice) => env.DEVICE_OBJECT.getByName(deviceId)
const evict = (device: TestDevice, webSockets: 'hibernate' | 'close' = 'hibernate') =>
  evictDurableObject(env.DEVICE_OBJECT.getByName(device.deviceId), { webSockets })
const open = (device: TestDevice) => TestSocket.open(`/api/v1/${device.token}/ws`)
const events = async ({ deviceId }: TestDevice) =>
  (
    await (
      await tenant.api('GET', `/api/devices/${deviceId}/events`)
    ).json<{ items: { kind: string; detail: string }[] }>()
  ).items

describe('the device socket', () => {
  it('acknowledges what is committed, with the object evicted before any step', async () => {
    const device = await tenant.device()
    const socket = await open(device)
    for (let n = 0; n < 5; n++) {
      await evict(device)
      socket.send({ type: 'telemetry', data: { n }, id: n })
      expect(await socket.next()).toEqual({ type: 'ack', accepted: 1, id: n })
      expect(await history(device.deviceId)).toHaveLength(n + 1)
    }
    await evict(device)
    socket.send({ type: 'ping' })
    expect(await socket.next()).toEqual({ type: 'pong' })
    await evict(device)
    socket.send({ type: 'auth', deviceToken: device.token })
    expect(await socket.next()).toEqual({ type: 'auth_result', success: true })
    socket.close()
  })

  it('stores a frame that is repeated with its id once, over reconnects and evictions', async () => {
    const device = await tenant.device()
    for (let round = 0; round < 3; round++) {
      const socket = await open(device)
      socket.send({ type: 'telemetry', data: { a: 1 }, id: 'boot7-1' })
      expect(await socket.next()).toMatchObject({ type: 'ack', accepted: 1 })
      socket.close()
      await evict(device, 'close')
    }
    expect(await history(device.deviceId)).toHaveLength(1)
  })

  it('turns an unknown token away, and closes at once when its token is rotated', async () => {
    const device = await tenant.device()
    expect((await request('GET', '/api/v1/unknown-token/ws', { headers: { upgrade: 'websocket' } })).status).toBe(401)
    expect((await request('GET', `/api/v1/${device.token}/ws`)).status).toBe(426)
    const socket = await open(device)
    await tenant.api('POST', `/api/devices/${device.deviceId}/token`)
    expect(await socket.closed).toMatchObject({ code: 4401 })
    const again = await request('GET', `/api/v1/${device.token}/ws`, { headers: { upgrade: 'websocket' } })
    expect(again.status).toBe(401)
  })

  it('closes when its device is deleted', async () => {
    const device = await tenant.device()
    const socket = await open(device)
    await tenant.api('DELETE', `/api/devices/${device.deviceId}`)
    expect(await socket.closed).toMatchObject({ code: 4401 })
  })

  it.each(['rotated', 'deleted'])('hears nothing more by a socket whose token was %s', async (change) => {
    const device = await tenant.device()
    const socket = await open(device)
    const path = `/api/devices/${device.deviceId}`
    await runInDurableObject(stub(device), async (object: DeviceObject, state) => {
      const [server] = state.getWebSockets('device')
      if (change === 'rotated') await tenant.api('POST', `${path}/token`)
      else await tenant.api('DELETE', path)
      await expect.poll(() => server?.readyState).not.toBe(WebSocket.OPEN)
      for (const frame of [
        { type: 'telemetry', data: { n: 1 } },
        { type: 'client_attribute', key: 'a', value: 1 },
      ]) {
        await object.webSocketMessage(server as WebSocket, JSON.stringify(frame))
      }
      await object.webSocketMessage(server as WebSocket, 'no json')
      if (change === 'deleted') {
        const tables = state.storage.sql.exec("SELECT name FROM sqlite_schema WHERE name = 'events'").toArray()
        expect(tables).toEqual([])
      }
    })
    expect(await history(device.deviceId)).toEqual([])
    socket.close()
  })

  it('speaks for children, and only for its own', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    const other = await tenant.device()
    const socket = await open(gateway)
    socket.send({ type: 'telemetry', data: { childDeviceId: child.deviceId, telemetry: { a: 1 } }, id: 1 })
    socket.send({ type: 'telemetry', data: { childDeviceId: other.deviceId, telemetry: { a: 1 } }, id: 2 })
    expect(await socket.next()).toEqual({ type: 'ack', accepted: 1, id: 1 })
    expect(await socket.next()).toMatchObject({ type: 'error', code: 'child_not_found', id: 2 })
    expect(await history(child.deviceId)).toHaveLength(1)
    expect(await history(other.deviceId)).toHaveLength(0)
    socket.close()
  })

  it('shows what it could not read, and who came and went', async () => {
    const device = await tenant.device()
    const socket = await open(device)
    socket.send('{"type":"telemetry","data":{}}')
    expect(await socket.next()).toMatchObject({ type: 'error', code: 'validation_rejected', retryable: false })
    socket.send('no json')
    expect(await socket.next()).toMatchObject({ type: 'error', code: 'payload_malformed' })
    socket.close()
    await expect
      .poll(async () => (await events(device)).map(({ kind }) => kind))
      .toEqual(['disconnected', 'uplink_rejected', 'uplink_rejected', 'connected'])
  })

  it('notices, when it wakes, connections that an abort took', async () => {
    const device = await tenant.device()
    await open(device)
    await evict(device, 'close')
    await expect.poll(async () => (await events(device))[0]).toMatchObject({ kind: 'disconnected' })
  })
})

describe('a socket that says too much', () => {
  it('is told which limit it met and when to go on', async () => {
    const device = await tenant.device()
    await runInDurableObject(stub(device), async (object: DeviceObject) => {
      Object.assign(object, { env: { ...env, DEVICE_RATE: { limit: async () => ({ success: false }) } } })
      await object.erase() // which furnishes it anew
    })
    const socket = await open(device)
    // The binding is asked once in so many messages.
    for (let n = 1; n < limits.messagesPerRateUnit; n++) {
      socket.send({ type: 'telemetry', data: { n } })
      expect(await socket.next()).toMatchObject({ type: 'ack' })
    }
    socket.send({ type: 'telemetry', data: { n: 0 }, id: 'last' })
    expect(await socket.next()).toMatchObject({
      type: 'error',
      id: 'last',
      code: 'quota_exceeded',
      retryable: true,
      retryAfter: expect.any(Number) as number,
    })
    expect(await history(device.deviceId)).toHaveLength(limits.messagesPerRateUnit - 1)
    socket.close()
  })
})

describe('the alarm of an object', () => {
  it('does all else where a part of it fails, and rings again for that', async () => {
    const device = await tenant.device()
    const socket = await open(device)
    const command = { method: 'm', twoWay: true, timeoutMs: 1_000 }
    await tenant.api('POST', `/api/devices/${device.deviceId}/commands`, command)
    await socket.next()
    await runInDurableObject(stub(device), async (_: DeviceObject, { storage }) => {
      storage.sql.exec('DROP TABLE mqtt_sessions') // a topic space that fails
    })
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const rings = () => runDurableObjectAlarm(stub(device))
    await rings()
    const { items } = await (await tenant.api('GET', `/api/devices/${device.deviceId}/commands`)).json<{
      items: { state: string }[]
    }>()
    expect(items).toMatchObject([{ state: 'expired' }])
    await runInDurableObject(stub(device), async (_: DeviceObject, { storage }) => {
      expect(await storage.getAlarm()).toBeGreaterThan(Date.now())
    })
    socket.close()
  })
})

describe('attributes on a socket', () => {
  it('go round the loop of desired and confirmed', async () => {
    const device = await tenant.device()
    const path = `/api/devices/${device.deviceId}/attributes`
    await tenant.api('POST', path, { scope: 'SHARED', attributes: { channel1: 1 } })
    const socket = await open(device)
    socket.send({ type: 'get_attributes', scope: 'SHARED' })
    expect(await socket.next()).toEqual({ type: 'attributes_response', data: { channel1: 1 } })
    await evict(device)
    socket.send({ type: 'get_attributes', scope: 'SHARED' })
    expect(await socket.next()).toEqual({ type: 'attributes_response', data: { channel1: 1 } })
    await evict(device)
    await tenant.api('POST', path, { scope: 'SHARED', attributes: { channel1: 0, channel2: 5 } })
    expect(await socket.next()).toEqual({ type: 'attribute_update', key: 'channel1', value: 0 })
    expect(await socket.next()).toEqual({ type: 'attribute_update', key: 'channel2', value: 5 })
    await evict(device)
    socket.send({ type: 'client_attribute', key: 'channel1', value: 0 })
    expect(await socket.next()).toEqual({ type: 'ack', accepted: 1 })
    const all = await (await tenant.api('GET', path)).json<{ key: string; scope: string; value: unknown }[]>()
    expect(all.map(({ key, scope, value }) => [scope, key, value])).toEqual([
      ['CLIENT', 'channel1', 0],
      ['SHARED', 'channel1', 0],
      ['SHARED', 'channel2', 5],
    ])
    await tenant.api('DELETE', `${path}/SHARED/channel2`)
    expect(await socket.next()).toEqual({ type: 'attribute_update', key: 'channel2', value: null, deleted: true })
    socket.close()
  })
})

describe('commands on a socket', () => {
  const command = (device: TestDevice, body: object) =>
    tenant.api('POST', `/api/devices/${device.deviceId}/commands`, body)

  it('are sent, answered and remembered', async () => {
    const device = await tenant.device()
    const socket = await open(device)
    const answer = command(device, { method: 'ping', params: { a: 1 }, requestId: 'r1', wait: true })
    expect(await socket.next()).toEqual({ type: 'rpc_request', requestId: 'r1', method: 'ping', params: { a: 1 } })
    socket.send({ type: 'rpc_response', requestId: 'r1', success: true, pong: 7 })
    expect(await socket.next()).toEqual({ type: 'ack', accepted: 1 })
    expect(await (await answer).json()).toMatchObject({
      success: true,
      requestId: 'r1',
      state: 'succeeded',
      transport: 'websocket',
      result: { success: true, pong: 7 },
    })
    const { items } = await (await tenant.api('GET', `/api/devices/${device.deviceId}/commands`)).json<{
      items: { state: string }[]
    }>()
    expect(items).toMatchObject([{ state: 'succeeded', requestId: 'r1', method: 'ping' }])
    socket.close()
  })

  it('fail at once for a device that is away, unless they persist; those arrive in order, through evictions', async () => {
    const device = await tenant.device()
    expect(await (await command(device, { method: 'now' })).json()).toMatchObject({
      success: false,
      code: 'device_offline',
      state: 'failed',
    })
    for (const method of ['one', 'two', 'three']) {
      expect(await (await command(device, { method, persistent: true })).json()).toMatchObject({ state: 'queued' })
      await evict(device)
    }
    const socket = await open(device)
    for (const method of ['one', 'two', 'three'])
      expect(await socket.next()).toMatchObject({ type: 'rpc_request', method })
    socket.close()
  })

  it('are answered though the object was evicted before the answer', async () => {
    const device = await tenant.device()
    const socket = await open(device)
    const { id } = await (await command(device, { method: 'x', requestId: 'r' })).json<{ id: string }>()
    expect(await socket.next()).toMatchObject({ requestId: 'r' })
    await evict(device)
    socket.send({ type: 'rpc_response', requestId: 'r', success: true })
    expect(await socket.next()).toEqual({ type: 'ack', accepted: 1 })
    const row = await (await tenant.api('GET', `/api/devices/${device.deviceId}/commands/${id}`)).json()
    expect(row).toMatchObject({ state: 'succeeded' })
    socket.close()
  })

  it('follow a child to its new gateway, and reach the old one no more', async () => {
    const [old, next] = [await tenant.device({ isGateway: true }), await tenant.device({ isGateway: true })]
    const child = await tenant.device({ parentGatewayId: old.deviceId })
    await command(child, { method: 'x', persistent: true, requestId: 'r' })
    await evict(child)
    await tenant.api('PATCH', `/api/devices/${child.deviceId}`, { parentGatewayId: next.deviceId })
    const [atOld, atNext] = [await open(old), await open(next)]
    await command(child, { method: 'y', persistent: true, requestId: 's' })
    const got = [await atNext.next(), await atNext.next()]
    expect(got).toMatchObject([{ requestId: 'r', childDeviceId: child.deviceId }, { requestId: 's' }])
    expect(atOld.pending).toBe(0)
    const children = await runInDurableObject(stub(old), (_: DeviceObject, { storage }) =>
      storage.sql.exec('SELECT * FROM children').toArray(),
    )
    expect(children).toEqual([])
    atOld.close()
    atNext.close()
  })

  it('come to a child’s new gateway at once where that is connected', async () => {
    const [old, next] = [await tenant.device({ isGateway: true }), await tenant.device({ isGateway: true })]
    const child = await tenant.device({ parentGatewayId: old.deviceId })
    const atNext = await open(next)
    await command(child, { method: 'x', persistent: true, requestId: 'r' })
    await tenant.api('PATCH', `/api/devices/${child.deviceId}`, { parentGatewayId: next.deviceId })
    expect(await atNext.next()).toMatchObject({ requestId: 'r', childDeviceId: child.deviceId })
    atNext.close()
  })

  it('come again, as the same ones, when the connection went before the answer', async () => {
    const device = await tenant.device()
    const first = await open(device)
    await command(device, { method: 'open', persistent: true, requestId: 'door' })
    expect(await first.next()).toMatchObject({ requestId: 'door' })
    first.close()
    await evict(device, 'close')
    const second = await open(device)
    expect(await second.next()).toEqual({
      type: 'rpc_request',
      requestId: 'door',
      method: 'open',
      params: {},
      attempt: 1,
    })
    second.send({ type: 'rpc_response', requestId: 'door', success: false })
    expect(await second.next()).toEqual({ type: 'ack', accepted: 1 })
    second.close()
  })

  it('reach a child through its gateway, now or when it comes', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    await command(child, { method: 'later', persistent: true, requestId: 'l' })
    const socket = await open(gateway)
    expect(await socket.next()).toMatchObject({ requestId: 'l', childDeviceId: child.deviceId })
    socket.send({ type: 'rpc_response', requestId: 'l', childDeviceId: child.deviceId, success: true })
    expect(await socket.next()).toEqual({ type: 'ack', accepted: 1 })
    await command(child, { method: 'now', requestId: 'n' })
    expect(await socket.next()).toMatchObject({ requestId: 'n', childDeviceId: child.deviceId })
    await tenant.api('POST', `/api/devices/${child.deviceId}/attributes`, { scope: 'SHARED', attributes: { a: 1 } })
    expect(await socket.next()).toEqual({
      type: 'attribute_update',
      key: 'a',
      value: 1,
      childDeviceId: child.deviceId,
    })
    socket.close()
  })
})

describe('what a gateway asks for its child', () => {
  it('is the child’s attributes; another device is told why not', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    await tenant.api('POST', `/api/devices/${child.deviceId}/attributes`, { scope: 'SHARED', attributes: { a: 1 } })
    const ask = { type: 'get_attributes', childDeviceId: child.deviceId }
    const socket = await open(gateway)
    socket.send(ask)
    expect(await socket.next()).toEqual({
      type: 'attributes_response',
      data: { a: 1 },
      childDeviceId: child.deviceId,
    })
    socket.close()
    const other = await open(await tenant.device())
    other.send(ask)
    expect(await other.next()).toMatchObject({ type: 'error', code: 'forbidden', reason: 'not_a_gateway' })
    other.close()
    const otherGateway = await open(await tenant.device({ isGateway: true }))
    otherGateway.send(ask)
    expect(await otherGateway.next()).toMatchObject({ type: 'error', code: 'child_not_found' })
    otherGateway.close()
  })
})

describe('the generic address', () => {
  it('leaves no connection behind where the client goes right behind its first frame', async () => {
    const device = await tenant.device()
    const socket = await TestSocket.open('/ws')
    socket.send({ type: 'auth', deviceToken: device.token })
    socket.close()
    await expect.poll(async () => (await events(device)).map(({ kind }) => kind)).toEqual(['disconnected', 'connected'])
    const seen = await (await tenant.api('GET', `/api/devices/${device.deviceId}`)).json()
    expect(seen).toMatchObject({ connected: false })
  })

  it.each(['/ws', '/'])('takes the token in the first frame on %s', async (path) => {
    const device = await tenant.device()
    const socket = await TestSocket.open(path)
    socket.send({ type: 'auth', deviceToken: device.token })
    socket.send({ type: 'telemetry', data: { a: 1 } })
    expect(await socket.next()).toEqual({ type: 'auth_result', success: true })
    expect(await socket.next()).toEqual({ type: 'ack', accepted: 1 })
    expect(await history(device.deviceId)).toHaveLength(1)
    socket.close()
  })

  it('closes on any other first frame', async () => {
    for (const frame of ['{"type":"ping"}', 'x', `{"type":"auth","deviceToken":"${'x'.repeat(5000)}"}`]) {
      const socket = await TestSocket.open('/ws')
      socket.send(frame)
      expect(await socket.next()).toMatchObject({ type: 'auth_result', success: false })
      await socket.closed
    }
    const socket = await TestSocket.open('/ws')
    socket.send({ type: 'auth', deviceToken: 'nobody-knows-it' })
    expect(await socket.next()).toMatchObject({ type: 'auth_result', success: false, code: 'unauthenticated' })
    expect(await socket.closed).toMatchObject({ code: 4401 })
  })
})
