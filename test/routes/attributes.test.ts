import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Encoder } from 'cbor-x/index-no-eval'
import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import { newTenant, type Problem, request, send, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

const at = ({ deviceId }: TestDevice, path = '') => `/api/devices/${deviceId}/attributes${path}`
const save = (device: TestDevice, scope: string, attributes: unknown) =>
  tenant.api('POST', at(device), { scope, attributes })
const list = async (device: TestDevice, query = '') =>
  (await tenant.api('GET', at(device, query))).json<Record<string, unknown>[]>()
const own = async (device: TestDevice, path: string) =>
  (await request('GET', `/api/v1/${device.token}/attributes${path}`)).json()
const post = (device: TestDevice, body: BodyInit | object, headers = {}) =>
  send(device.token, body, headers, 'attributes')

describe('attributes, for apps', () => {
  it('are saved many at once, listed by scope, and deleted one by one', async () => {
    const device = await tenant.device()
    const saved = await (await save(device, 'SHARED', { b: { x: [1] }, a: 1 })).json<Record<string, unknown>[]>()
    expect(saved.map(({ key }) => key)).toEqual(['a', 'b'])
    await save(device, 'server', { note: 'ours' })
    await evictDurableObject(env.DEVICE_OBJECT.getByName(device.deviceId))
    expect(await list(device)).toMatchObject([
      { key: 'a', value: 1, scope: 'SHARED' },
      { key: 'b', value: { x: [1] }, scope: 'SHARED' },
      { key: 'note', value: 'ours', scope: 'SERVER' },
    ])
    const [first] = await list(device, '?scope=SHARED')
    expect(first?.updatedTs).toBe(first?.updated_ts)
    expect(await (await tenant.api('GET', at(device, '/keys'))).json()).toContainEqual({ key: 'b', scope: 'SHARED' })
    expect(await (await tenant.api('GET', '/api/attributes/keys')).json()).toContainEqual({ key: 'note' })
    expect((await tenant.api('DELETE', at(device, '/SHARED/b'))).status).toBe(204)
    expect((await tenant.api('DELETE', at(device, '/SHARED/b'))).status).toBe(404)
    await save(device, 'SHARED', { a: null })
    expect(await list(device, '?scope=SHARED')).toEqual([])
  })

  it('are checked', async () => {
    const device = await tenant.device()
    const reason = async (attributes: unknown, scope = 'SHARED') => {
      const response = await save(device, scope, attributes)
      expect(response.status).toBe(422)
      return (await response.json<Problem>()).reason
    }
    expect(await reason({})).toBe('field_invalid')
    expect(await reason([1])).toBe('not_an_object')
    expect(await reason({ '': 1 })).toBe('key_empty')
    expect(await reason({ [`k${'x'.repeat(limits.keyLength)}`]: 1 })).toBe('key_too_long')
    expect(await reason({ a: 'x'.repeat(limits.valueBytes) })).toBe('value_too_long')
    expect(await reason({ a: 1 }, 'OTHER')).toBe('field_invalid')
    expect(await list(device)).toEqual([])
  })

  it('are bounded in number', async () => {
    const device = await tenant.device()
    const many = (from: number) =>
      Object.fromEntries(Array.from({ length: 256 }, (_, n) => [`k${from + n}`, n] as const))
    for (let n = 0; n < 4; n++) expect((await save(device, 'SHARED', many(n * 256))).status).toBe(200)
    expect((await save(device, 'SHARED', { more: 1 })).status).toBe(422)
    expect((await save(device, 'SHARED', { k0: 'changed' })).status).toBe(200)
  })

  it('take any text as a key', async () => {
    const device = await tenant.device()
    expect((await save(device, 'SHARED', '{}')).status).toBe(422)
    const body = '{"scope":"SHARED","attributes":{"__proto__":1,"constructor":2}}'
    expect((await tenant.api('POST', at(device), body)).status).toBe(200)
    expect((await list(device)).map(({ key, value }) => [key, value])).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ])
  })
})

describe('attributes, for devices', () => {
  it('are a bare array of the scope that old clients read', async () => {
    const device = await tenant.device()
    await save(device, 'SHARED', { channel1: 1, channel2: 0, volume: 5 })
    await save(device, 'SERVER', { secret: 1 })
    expect(await own(device, '/flat?scope=SHARED&keys=channel1,volume')).toEqual([
      { key: 'channel1', value: 1, scope: 'SHARED' },
      { key: 'volume', value: 5, scope: 'SHARED' },
    ])
    expect(await own(device, '/flat')).toHaveLength(3)
    expect(await own(device, '/flat?scope=SERVER')).toMatchObject({ code: 'forbidden' })
  })

  it('are given as ThingsBoard devices ask for them', async () => {
    const device = await tenant.device()
    await save(device, 'SHARED', { a: 1, b: 2 })
    expect((await post(device, { c: 3, d: 'x' })).status).toBe(200)
    expect(await own(device, '')).toEqual({ client: { c: 3, d: 'x' }, shared: { a: 1, b: 2 } })
    expect(await own(device, '?clientKeys=d&sharedKeys=b,zz')).toEqual({ client: { d: 'x' }, shared: { b: 2 } })
  })

  it('are confirmed as client attributes, in JSON and CBOR, for a child too', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    const stranger = await tenant.device()
    const cbor = new Encoder({ useRecords: false, mapsAsObjects: true }).encode({ channel1: 1, nested: { a: [1] } })
    expect((await post(gateway, new Uint8Array(cbor), { 'content-type': 'application/cbor' })).status).toBe(200)
    expect(await own(gateway, '')).toMatchObject({ client: { channel1: 1, nested: { a: [1] } } })
    const forChild = (id: string) => post(gateway, { childDeviceId: id, attributes: { level: 2 } })
    expect((await forChild(child.deviceId)).status).toBe(200)
    expect((await forChild(stranger.deviceId)).status).toBe(404)
    expect((await post(gateway, { childDeviceId: child.deviceId, flat: 3 })).status).toBe(200)
    expect(await list(child)).toMatchObject([
      { key: 'flat', value: 3, scope: 'CLIENT' },
      { key: 'level', value: 2, scope: 'CLIENT' },
    ])
  })

  it('are not written again when nothing changed', async () => {
    const device = await tenant.device()
    await post(device, { a: 1 })
    const [before] = await list(device)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await post(device, { a: 1, b: 2 })
    expect((await list(device))[0]).toEqual(before)
  })

  it('show in the events what could not be read', async () => {
    const device = await tenant.device()
    expect((await post(device, '{"a":')).status).toBe(400)
    expect((await post(device, 'a=1', { 'content-type': 'text/plain' })).status).toBe(415)
    const { items } = await (await tenant.api('GET', `/api/devices/${device.deviceId}/events`)).json<{
      items: { kind: string; connector: string; raw: string }[]
    }>()
    expect(items).toHaveLength(2)
    expect(items[1]).toMatchObject({ kind: 'uplink_rejected', connector: 'attributes', raw: btoa('{"a":') })
  })
})
