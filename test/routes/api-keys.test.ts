import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { apiWith, newPerson } from '../helpers/people.ts'
import { newTenant, send, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
let device: TestDevice
let other: TestDevice
beforeEach(async () => {
  tenant = await newTenant()
  device = await tenant.device({ name: 'ours' })
  other = await tenant.device({ name: 'another' })
})

interface Made {
  readonly id: string
  readonly apiKey: string
  readonly prefix: string
  readonly lastFour: string
}
async function key(fields: object = {}) {
  const response = await tenant.api('POST', '/api/api-keys', { name: 'k', scopes: ['read'], ...fields })
  expect(response.status).toBe(201)
  const made = await response.json<Made>()
  return { ...made, api: apiWith(made.apiKey) }
}

describe('an API key', () => {
  it('shows its first eight and last four characters, and is stored as a hash', async () => {
    const made = await key()
    expect(made.apiKey.startsWith(made.prefix)).toBe(true)
    expect(made.apiKey.endsWith(made.lastFour)).toBe(true)
    const row = await env.DB.prepare('SELECT * FROM api_keys WHERE id = ?').bind(made.id).first()
    expect(JSON.stringify(row)).not.toContain(made.apiKey)
  })

  it('is refused right after it was revoked', async () => {
    const made = await key()
    expect((await made.api('GET', '/api/devices')).status).toBe(200)
    const revokedAt = performance.now()
    expect((await tenant.api('DELETE', `/api/api-keys/${made.id}`)).status).toBe(204)
    expect((await made.api('GET', '/api/devices')).status).toBe(401)
    console.info(
      `a revoked key was refused ${(performance.now() - revokedAt).toFixed(0)} ms after the call to revoke it`,
    )
    expect(performance.now() - revokedAt).toBeLessThan(1_000)
    expect((await tenant.api('DELETE', `/api/api-keys/${made.id}`)).status).toBe(404)
  })

  it('notes its use once an hour', async () => {
    const made = await key()
    const lastUsed = () =>
      env.DB.prepare('SELECT last_used_at AS at FROM api_keys WHERE id = ?').bind(made.id).first<number>('at')
    await made.api('GET', '/api/devices')
    await expect.poll(lastUsed).toBeGreaterThan(Date.now() - 60_000)
    const set = (at: number) =>
      env.DB.prepare('UPDATE api_keys SET last_used_at = ? WHERE id = ?').bind(at, made.id).run()
    const recent = Date.now() - 3_000_000
    await set(recent)
    await made.api('GET', '/api/devices')
    expect(await lastUsed()).toBe(recent)
    await set(recent - 1_000_000)
    await made.api('GET', '/api/devices')
    await expect.poll(lastUsed).toBeGreaterThan(recent)
  })

  it('for provisioning makes devices, with their tokens, and reads nothing', async () => {
    const { api } = await key({ scopes: ['device-provisioning'] })
    const made = await api('POST', '/api/devices', { name: 'new' })
    expect(made.status).toBe(201)
    expect(await made.json()).toMatchObject({ token: expect.any(String) })
    expect((await api('GET', '/api/devices')).status).toBe(403)
    expect((await api('GET', `/api/devices/${device.deviceId}`)).status).toBe(403)
    expect((await api('DELETE', `/api/devices/${device.deviceId}`)).status).toBe(403)
  })

  it('of some devices sees and changes no others', async () => {
    const { api } = await key({ scopes: ['write'], deviceIds: [device.deviceId] })
    await send(device.token, { mine: 1 })
    await send(other.token, { secret: 1 })
    const list = await (await api('GET', '/api/devices')).json<{ items: { name: string }[] }>()
    expect(list.items.map(({ name }) => name)).toEqual(['ours'])
    const seen = await (await api('GET', '/api/devices?sort=-lastSeen')).text()
    expect(seen).not.toContain('another')
    expect((await api('GET', `/api/devices/${device.deviceId}/telemetry/latest`)).status).toBe(200)
    expect((await api('PATCH', `/api/devices/${device.deviceId}`, { label: 'x' })).status).toBe(200)
    expect((await api('PATCH', `/api/devices/${other.deviceId}`, { label: 'x' })).status).toBe(404)
    const query = (deviceIds: string[]) =>
      api('POST', '/api/v1/telemetry/query', { deviceIds, keys: ['mine'], from: 0 })
    expect((await query([device.deviceId])).status).toBe(200)
    expect((await query([device.deviceId, other.deviceId])).status).toBe(404)
    expect((await api('GET', '/api/telemetry/keys')).status).toBe(403)
    expect((await api('POST', '/api/devices', { name: 'new' })).status).toBe(403)
    expect((await api('GET', '/api/devices/export.csv')).status).toBe(403)
  })

  it('is not made for devices of another tenant', async () => {
    const foreign = await (await newTenant()).device()
    const made = await tenant.api('POST', '/api/api-keys', {
      name: 'k',
      scopes: ['read'],
      deviceIds: [foreign.deviceId],
    })
    expect(made.status).toBe(404)
  })

  it('is made by admins, people as keys, and by nobody else', async () => {
    const admin = await newPerson(tenant, 'admin')
    const operator = await newPerson(tenant, 'operator')
    const body = { name: 'k', scopes: ['read'] }
    expect((await admin.api('POST', '/api/api-keys', body)).status).toBe(201)
    expect((await operator.api('POST', '/api/api-keys', body)).status).toBe(403)
    expect((await (await key({ scopes: ['write'] })).api('POST', '/api/api-keys', body)).status).toBe(403)
  })

  it('is not made over already, nor for longer than the key that makes it', async () => {
    const past = await tenant.api('POST', '/api/api-keys', { name: 'k', scopes: ['read'], expiresAt: Date.now() - 1 })
    expect(past.status).toBe(422)
    expect(await past.json()).toMatchObject({ reason: 'field_invalid', errors: [{ pointer: '/expiresAt' }] })
    const expiresAt = Date.now() + 3_600_000
    const { api } = await key({ scopes: ['admin'], expiresAt })
    const make = (fields: object) => api('POST', '/api/api-keys', { name: 'k', scopes: ['admin'], ...fields })
    expect((await make({ expiresAt: expiresAt + 1 })).status).toBe(403)
    expect(await (await make({})).json()).toMatchObject({ expiresAt })
    expect(await (await make({ expiresAt: null })).json()).toMatchObject({ expiresAt })
    expect(await (await make({ expiresAt: expiresAt - 1 })).json()).toMatchObject({ expiresAt: expiresAt - 1 })
  })

  it('is not revoked where nobody would be left who could make another', async () => {
    const [first] = (await (await tenant.api('GET', '/api/api-keys')).json<{ items: Made[] }>()).items
    const revoke = () => tenant.api('DELETE', `/api/api-keys/${first?.id}`)
    await key({ scopes: ['write'] })
    await key({ scopes: ['admin'], deviceIds: [device.deviceId] })
    const ends = await key({ scopes: ['admin'], expiresAt: Date.now() + 60_000 })
    await env.DB.prepare('UPDATE api_keys SET expires_at = 1 WHERE id = ?').bind(ends.id).run()
    await newPerson(tenant, 'operator')
    const refused = await revoke()
    expect(refused.status).toBe(409)
    expect(await refused.json()).toMatchObject({ reason: 'last_admin' })
    expect((await tenant.api('GET', '/api/devices')).status).toBe(200)
    await newPerson(tenant, 'admin')
    expect((await revoke()).status).toBe(204)
  })

  it('and another that revoke each other at once are not both gone', async () => {
    const [first] = (await (await tenant.api('GET', '/api/api-keys')).json<{ items: Made[] }>()).items
    const second = await key({ scopes: ['admin'] })
    const statuses = await Promise.all([
      tenant.api('DELETE', `/api/api-keys/${second.id}`),
      second.api('DELETE', `/api/api-keys/${first?.id}`),
    ])
    expect(statuses.filter(({ status }) => status === 204)).toHaveLength(1)
  })

  it('of some devices puts none of them under another’s gateway', async () => {
    const gateway = await tenant.device({ name: 'gateway', isGateway: true })
    const { api } = await key({ scopes: ['write'], deviceIds: [device.deviceId] })
    const moved = await api('PATCH', `/api/devices/${device.deviceId}`, { parentGatewayId: gateway.deviceId })
    expect(moved.status).toBe(422)
    expect(await moved.json()).toMatchObject({ reason: 'parent_not_a_gateway' })
    const both = await key({ scopes: ['write'], deviceIds: [device.deviceId, gateway.deviceId] })
    const allowed = await both.api('PATCH', `/api/devices/${device.deviceId}`, { parentGatewayId: gateway.deviceId })
    expect(allowed.status).toBe(200)
  })
})
