import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import { methodsOf } from '../../src/routes/methods.ts'
import { type Operation, operationOf } from '../../src/routes/operation.ts'
import { isOpen } from '../../src/routes/permission.ts'
import type { World } from '../../src/services/context.ts'
import { history, newTenant, request, send, setupToken, type TestDevice, type TestTenant } from '../helpers/world.ts'

const app = createApp(() => ({}) as World)

interface Route {
  readonly method: string
  readonly path: string
  readonly spec: Operation
}

const routes: Route[] = app.routes.flatMap(({ method, path, handler }) => {
  const spec = operationOf(handler)
  return spec ? [{ method, path, spec }] : []
})

let owner: TestTenant
let stranger: TestTenant
let theirs: TestDevice
let readOnly: string
let writeOnly: string

beforeAll(async () => {
  owner = await newTenant()
  stranger = await newTenant()
  theirs = await stranger.device({ name: 'secret-name' })
  await send(theirs.token, { secret_key: 42 })
  const key = async (scopes: string[]) =>
    (await (await owner.api('POST', '/api/api-keys', { name: 'k', scopes })).json<{ apiKey: string }>()).apiKey
  readOnly = await key(['read'])
  writeOnly = await key(['write'])
})

/** A call that would do something, were it allowed: with the stranger's ids wherever an id goes. */
function call({ method, path }: Route, token: string | undefined): Promise<Response> {
  const url = path
    .replace(':id', theirs.deviceId)
    .replace(':deviceToken', token ?? 'me')
    .replace(':scope', 'shared')
  const isSocket = path.endsWith('/ws') || path.endsWith('/live')
  const bodies: Record<string, unknown> = {
    '/api/v1/telemetry/query': { deviceIds: [theirs.deviceId], keys: ['secret_key'], from: 0 },
    '/api/devices': { name: 'mine' },
    '/api/tenants': { name: 'x' },
    '/api/auth/onboarding': { tenantName: 'x' },
    '/api/api-keys': { name: 'x', scopes: ['read'] },
    '/api/devices/:id/attributes': { scope: 'SHARED', attributes: { mine: 1 } },
    '/api/alarms/ack/bulk': { ids: [theirs.deviceId] },
    '/api/device-profiles/:id/alarm-rules/preview': {
      rule: { ruleId: 'r', name: 'r', key: 'k', severityStages: [{ severity: 'MINOR' }] },
    },
    '/api/devices/:id/commands': { method: 'reboot' },
  }
  return request(method, url, {
    headers: {
      'content-type': 'application/json',
      ...(isSocket && { upgrade: 'websocket' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(method !== 'GET' && { body: JSON.stringify(bodies[path] ?? {}) }),
  })
}

describe('every route', () => {
  it('carries an operation: default deny', () => {
    const bare = app.routes.filter(
      ({ method, path, handler }) => method !== 'ALL' && !operationOf(handler) && methodsOf(app, path).length === 0,
    )
    expect(bare).toEqual([])
    expect(routes.length).toBeGreaterThan(25)
    expect(new Set(routes.map(({ spec }) => spec.id)).size).toBe(routes.length)
  })

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s shows a stranger nothing',
    async (_, route) => {
      const response = await call(route, owner.apiKey)
      const text = await response.text()
      if (route.spec.tag === 'Not offered') expect(response.status).toBe(501)
      else expect(response.status).toBeLessThan(500)
      for (const secret of ['secret-name', 'secret_key', theirs.token]) expect(text).not.toContain(secret)
      if (['person', 'platform', 'own'].includes(route.spec.permission)) return expect(response.status).toBe(403)
      if (route.path.includes(':id') || route.path === '/api/v1/telemetry/query') expect(response.status).toBe(404)
      if (route.spec.permission === 'setup') expect(response.status).toBe(401)
    },
  )

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s asks who is there',
    async (_, route) => {
      if (route.spec.permission === 'public' || route.spec.permission === 'onboarding') return
      for (const token of [undefined, 'ace_not-a-key', theirs.deviceId]) {
        expect((await call(route, token)).status).toBe(401)
      }
    },
  )

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s keeps to the scope',
    async (_, route) => {
      const { permission } = route.spec
      if (!isOpen(permission) && permission !== 'read' && permission !== 'setup') {
        expect((await call(route, readOnly)).status).toBe(403)
      }
      if (permission === 'admin') expect((await call(route, writeOnly)).status).toBe(403)
      if (permission === 'read') expect((await call(route, readOnly)).status).not.toBe(403)
    },
  )

  it('leaves the stranger’s device as it was', async () => {
    expect((await stranger.api('GET', `/api/devices/${theirs.deviceId}`)).status).toBe(200)
    expect((await send(theirs.token, { after: 1 })).status).toBe(200)
    expect(await history(theirs.deviceId)).toHaveLength(2)
  })
})

describe('who may make tenants', () => {
  it('is the holder of the SETUP_TOKEN', async () => {
    const make = (token: string) =>
      request('POST', '/api/tenants', { headers: { authorization: `Bearer ${token}` }, body: '{"name":"x"}' })
    expect((await make('wrong')).status).toBe(401)
    expect((await make(owner.apiKey)).status).toBe(401)
    expect((await make(setupToken)).status).toBe(201)
  })

  it('onboards once, however many ask at once', async () => {
    await env.DB.prepare('DELETE FROM tenants').run()
    const ask = () =>
      request('POST', '/api/auth/onboarding', {
        headers: { authorization: `Bearer ${setupToken}` },
        body: JSON.stringify({ tenantName: 'First' }),
      })
    const statuses = (await Promise.all(Array.from({ length: 20 }, ask))).map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409)).toHaveLength(19)
  })
})

describe('API keys', () => {
  it('are shown once, listed without the key, and dead when revoked', async () => {
    const tenant = await newTenant()
    const made = await (await tenant.api('POST', '/api/api-keys', { name: 'ci', scopes: ['write'] })).json<{
      id: string
      apiKey: string
    }>()
    const list = await (await tenant.api('GET', '/api/api-keys')).text()
    expect(list).toContain(made.id)
    expect(list).not.toContain(made.apiKey)
    const use = () => request('GET', '/api/devices', { headers: { authorization: `Bearer ${made.apiKey}` } })
    expect((await use()).status).toBe(200)
    expect((await tenant.api('DELETE', `/api/api-keys/${made.id}`)).status).toBe(204)
    expect((await use()).status).toBe(401)
    const stored = await env.DB.prepare('SELECT hash FROM api_keys WHERE id = ?')
      .bind(made.id)
      .first<{ hash: string }>()
    expect(stored?.hash).not.toContain(made.apiKey)
  })

  it('end when they expire', async () => {
    const tenant = await newTenant()
    const body = { name: 'short', scopes: ['read'], expiresAt: Date.now() + 60_000 }
    const { id, apiKey } = await (await tenant.api('POST', '/api/api-keys', body)).json<{
      id: string
      apiKey: string
    }>()
    await env.DB.prepare('UPDATE api_keys SET expires_at = ? WHERE id = ?')
      .bind(Date.now() - 1, id)
      .run()
    expect((await request('GET', '/api/devices', { headers: { authorization: `Bearer ${apiKey}` } })).status).toBe(401)
  })
})
