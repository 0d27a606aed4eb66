import { evictAllDurableObjects, evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { DeviceId } from '../../src/domain/ids.ts'
import { limits } from '../../src/domain/limits.ts'
import { TestSocket } from '../helpers/socket.ts'
import { newTenant, request, send, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

const evict = (id: DeviceId) => evictDurableObject(env.DEVICE_OBJECT.getByName(id))
const latest = async (id: string) =>
  (await tenant.api('GET', `/api/devices/${id}/telemetry/latest`)).json<
    Record<string, { value: unknown; ts: number }>
  >()
const detail = async (id: string) =>
  (await tenant.api('GET', `/api/devices/${id}`)).json<{ status: string; lastActivityTs: number | null }>()

describe('latest values', () => {
  it('are those with the newest time of each key, whatever the order of arrival', async () => {
    const { deviceId, token } = await tenant.device()
    const t = Date.now() - 60_000
    await send(token, { ts: t + 2, a: 'newest', b: 1 })
    await send(token, { ts: t + 1, a: 'older', c: 2 })
    await send(token, { ts: t + 3, b: 3 })
    const expected = { a: { value: 'newest', ts: t + 2 }, b: { value: 3, ts: t + 3 }, c: { value: 2, ts: t + 1 } }
    expect(await latest(deviceId)).toEqual(expected)
    await evict(deviceId)
    expect(await latest(deviceId)).toEqual(expected)
  })

  it('survive an eviction after any reading', async () => {
    const { deviceId, token } = await tenant.device()
    const expected: Record<string, { value: number; ts: number }> = {}
    for (let n = 0; n < 12; n++) {
      const ts = Date.now() - 1_000 + n
      await send(token, { ts, [`k${n % 4}`]: n })
      expected[`k${n % 4}`] = { value: n, ts }
      await evictAllDurableObjects()
      expect(await latest(deviceId)).toEqual(expected)
    }
  })

  it('keep a late value of a key that nothing newer has, through an eviction', async () => {
    const { deviceId, token } = await tenant.device()
    const old = Date.now() - 5 * limits.stateOverlapMs
    await send(token, { a: 1 })
    await send(token, { ts: old, rare: 7 })
    await new Promise((resolve) => setTimeout(resolve, 50)) // the save goes on after the answer
    await evict(deviceId)
    expect((await latest(deviceId)).rare).toEqual({ value: 7, ts: old })
  })
})

describe('presence', () => {
  it('is derived: never heard of is inactive, heard of is active', async () => {
    const { deviceId, token } = await tenant.device()
    expect(await detail(deviceId)).toMatchObject({ status: 'INACTIVE', lastActivityTs: null })
    const before = Date.now()
    await send(token, { a: 1 })
    const { status, lastActivityTs } = await detail(deviceId)
    expect(status).toBe('ACTIVE')
    expect(lastActivityTs).toBeGreaterThanOrEqual(before)
  })

  it('ends by the device’s own timeout', async () => {
    const { deviceId, token } = await tenant.device({ inactivityTimeoutMs: 1_000 })
    await send(token, { a: 1 })
    expect((await detail(deviceId)).status).toBe('ACTIVE')
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect((await detail(deviceId)).status).toBe('INACTIVE')
  })

  it('is shown by anything that a device says: a ping, a question, a poll', async () => {
    const speak: ((token: string) => Promise<unknown>)[] = [
      async (token) => {
        const socket = await TestSocket.open(`/api/v1/${token}/ws`)
        socket.send({ type: 'ping' })
        await socket.next()
        socket.close()
      },
      (token) => request('GET', `/api/v1/${token}/attributes/flat`),
      (token) => send(token, { a: 1 }, {}, 'attributes'),
      (token) => request('GET', `/api/v1/${token}/rpc?timeout=0`),
    ]
    for (const say of speak) {
      const { deviceId, token } = await tenant.device()
      await tenant.api('POST', `/api/devices/${deviceId}/attributes`, { scope: 'SHARED', attributes: { b: 1 } })
      expect((await detail(deviceId)).status).toBe('INACTIVE')
      await say(token)
      await expect.poll(async () => (await detail(deviceId)).status, { message: String(say) }).toBe('ACTIVE')
    }
  })

  it('says of a child whether its gateway is gone', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    expect(await detail(child.deviceId)).toMatchObject({ unreachable: true, connected: false })
    const socket = await TestSocket.open(`/api/v1/${gateway.token}/ws`)
    expect(await detail(child.deviceId)).toMatchObject({ unreachable: false })
    expect(await detail(gateway.deviceId)).toMatchObject({ connected: true })
    socket.close()
    await expect.poll(() => detail(gateway.deviceId)).toMatchObject({ connected: false })
  })

  it('sees a gateway that only speaks for its children', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    await send(gateway.token, { childDeviceId: child.deviceId, telemetry: { a: 1 } })
    expect((await detail(gateway.deviceId)).status).toBe('ACTIVE')
    expect((await detail(child.deviceId)).status).toBe('ACTIVE')
  })
})

describe('events', () => {
  it('keep the last 100, newest first, paged, through evictions', async () => {
    const { deviceId, token } = await tenant.device()
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 60; n++) await send(token, {})
      await evict(deviceId)
    }
    const page = async (query: string) =>
      (await tenant.api('GET', `/api/devices/${deviceId}/events${query}`)).json<{
        items: { id: number; detail: string }[]
      }>()
    const first = (await page('?limit=70')).items
    const rest = (await page(`?limit=70&before=${first.at(-1)?.id}`)).items
    expect(first).toHaveLength(70)
    expect(rest).toHaveLength(30)
    const ids = [...first, ...rest].map(({ id }) => id)
    expect(ids).toEqual([...ids].sort((a, b) => b - a))
  })
})

describe('a deleted device', () => {
  it('is gone at once, and its token with it', async () => {
    const { deviceId, token } = await tenant.device()
    await send(token, { a: 1 })
    expect((await tenant.api('DELETE', `/api/devices/${deviceId}`)).status).toBe(204)
    expect((await tenant.api('GET', `/api/devices/${deviceId}`)).status).toBe(404)
    expect((await send(token, { a: 1 })).status).toBe(401)
  })
})
