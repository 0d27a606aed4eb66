import { beforeAll, expect, it } from 'vitest'
import { newTenant, request, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

it('answers a command to an absent device as failed, and says so in the history', async () => {
  const { deviceId } = await tenant.device()
  const answer = await tenant.api('POST', `/api/devices/${deviceId}/commands`, { method: 'x' })
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ success: false, code: 'device_offline', state: 'failed' })
  const { items } = await (await tenant.api('GET', `/api/devices/${deviceId}/commands?state=failed`)).json<{
    items: object[]
  }>()
  expect(items).toMatchObject([{ method: 'x', state: 'failed', result: { code: 'device_offline' } }])
})

it('pages the history, newest first', async () => {
  const { deviceId } = await tenant.device()
  const path = `/api/devices/${deviceId}/commands`
  for (const method of ['a', 'b', 'c']) {
    await tenant.api('POST', path, { method, persistent: true })
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const page = async (query: string) =>
    (await (await tenant.api('GET', `${path}?${query}`)).json<{ items: { id: string; method: string }[] }>()).items
  const first = await page('limit=2')
  const rest = await page(`limit=2&before=${first[1]?.id}`)
  expect([...first, ...rest].map(({ method }) => method)).toEqual(['c', 'b', 'a'])
})

it('refuses what could not travel', async () => {
  const { deviceId, token } = await tenant.device()
  const path = `/api/devices/${deviceId}/commands`
  for (const requestId of ['a/b', 'a+', '#', 'a b', ''])
    expect((await tenant.api('POST', path, { method: 'x', requestId })).status).toBe(422)
  expect((await tenant.api('POST', path, `{"method":"x","params":${nested(50_000)}}`)).status).toBe(422)
  expect((await request('POST', `/api/v1/${token}/rpc/x`, { body: nested(50_000) })).status).toBe(422)
})

it('refuses one requestId for two commands', async () => {
  const { deviceId } = await tenant.device()
  const post = (method: string) =>
    tenant.api('POST', `/api/devices/${deviceId}/commands`, { method, requestId: 'one', persistent: true })
  expect((await post('x')).status).toBe(200)
  expect((await post('x')).status).toBe(200)
  expect((await post('y')).status).toBe(409)
})

it('takes the answer of a child from its gateway, in the query or the body', async () => {
  const gateway = await tenant.device({ isGateway: true })
  const child = await tenant.device({ parentGatewayId: gateway.deviceId })
  const answer = (requestId: string, body: object, query = '') =>
    request('POST', `/api/v1/${gateway.token}/rpc/${requestId}${query}`, { body: JSON.stringify(body) })
  for (const requestId of ['q', 'b']) {
    await tenant.api('POST', `/api/devices/${child.deviceId}/commands`, { method: 'x', persistent: true, requestId })
    await request('GET', `/api/v1/${gateway.token}/rpc?timeout=0&childDeviceId=${child.deviceId}`)
  }
  expect((await answer('q', { on: true })).status).toBe(404)
  expect((await answer('q', { on: true }, `?childDeviceId=${child.deviceId}`)).status).toBe(200)
  expect((await answer('b', { childDeviceId: child.deviceId, on: true })).status).toBe(200)
  const { items } = await (await tenant.api('GET', `/api/devices/${child.deviceId}/commands`)).json<{
    items: object[]
  }>()
  expect(items).toMatchObject([
    { state: 'succeeded', result: { on: true } },
    { state: 'succeeded', result: { on: true } },
  ])
})
