import { beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import { permissionsOfRole, type Role, roles, type TenantPermission } from '../../src/domain/roles.ts'
import { methodsOf } from '../../src/routes/methods.ts'
import { type Operation, operationOf } from '../../src/routes/operation.ts'
import { isOpen } from '../../src/routes/permission.ts'
import type { World } from '../../src/services/context.ts'
import { newPerson, type TestPerson } from '../helpers/people.ts'
import { newTenant, request, setupToken, type TestDevice, type TestTenant } from '../helpers/world.ts'

const app = createApp(() => ({}) as World)

interface Route {
  readonly method: string
  readonly path: string
  readonly spec: Operation
}

const routes: Route[] = app.routes.flatMap(({ method, path, handler }) => {
  const spec = operationOf(handler)
  return spec && spec.tag !== 'Not offered' ? [{ method, path, spec }] : []
})
const closed = routes.filter(({ spec }) => !isOpen(spec.permission))
const named = (list: readonly Route[]) => list.map((route) => [`${route.method} ${route.path}`, route] as const)

let tenant: TestTenant
let device: TestDevice
let other: TestDevice
let strangersKey: string
let stranger: TestPerson
let nobodysMember: TestPerson
let operator: TestPerson
let devicesKey: string
let provisioningKey: string
const members = {} as Record<Role, TestPerson>

beforeAll(async () => {
  tenant = await newTenant()
  device = await tenant.device({ name: 'ours' })
  other = await tenant.device({ name: 'another' })
  const foreign = await newTenant()
  strangersKey = foreign.apiKey
  stranger = await newPerson(foreign, 'owner')
  nobodysMember = await newPerson(undefined)
  operator = await newPerson(undefined, 'viewer', { isOperator: true })
  for (const role of roles) members[role] = await newPerson(tenant, role)
  const key = async (fields: object) => {
    const made = await tenant.api('POST', '/api/api-keys', { name: 'k', scopes: ['admin'], ...fields })
    return (await made.json<{ apiKey: string }>()).apiKey
  }
  devicesKey = await key({ deviceIds: [device.deviceId] })
  provisioningKey = await key({ scopes: ['device-provisioning'] })
})

/**
 * Asks without a body that would do anything: who may call is decided before what was sent is looked at, so that whoever may
 * is told what is wrong with it. What deletes by id names one that there is not.
 */
function call({ method, path }: Route, token: string | undefined, id = device.deviceId): Promise<Response> {
  const isDeletion = method === 'DELETE' || path.endsWith('/token')
  const url = path
    .replace('/api/devices/:id', `/api/devices/${isDeletion ? crypto.randomUUID() : id}`)
    .replace(/:(\w+)/g, crypto.randomUUID())
  const isSocket = path.endsWith('/live')
  return request(method, url, {
    headers: {
      'content-type': 'application/json',
      ...(isSocket && { upgrade: 'websocket' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(method !== 'GET' && { body: '"no object"' }),
  })
}

/** These act at once, without a body or an id: they are not called by those who may. */
const drastic = new Set(['signOut', 'revokeSessions', 'deleteAccount', 'revokeWebhookSecret'])

async function outcome(route: Route, token: string | undefined): Promise<'refused' | 'unknown' | 'let in'> {
  const { status } = await call(route, token)
  expect(status).toBeLessThan(500)
  return status === 401 ? 'unknown' : status === 403 ? 'refused' : 'let in'
}

describe('the table of routes and permissions', () => {
  it('has an entry for every route: none is open by default', () => {
    const bare = app.routes.filter(
      ({ method, path, handler }) => method !== 'ALL' && !operationOf(handler) && methodsOf(app, path).length === 0,
    )
    expect(bare).toEqual([])
    console.info(`${routes.length} routes, ${closed.length} of them closed, 0 without an entry`)
  })

  it.each(named(closed))('%s asks who is there', async (_, route) => {
    for (const token of [undefined, 'ace_not-a-key', `acb_${'x'.repeat(43)}`, device.token]) {
      expect(await outcome(route, token)).toBe('unknown')
    }
  })

  it.each(named(closed))('%s is for the roles that may, and no others', async (_, route) => {
    const { permission, id } = route.spec
    for (const role of roles) {
      const isAllowed = permission === 'person' || permissionsOfRole[role].includes(permission as TenantPermission)
      if (permission === 'setup') expect(await outcome(route, members[role].token)).toBe('unknown')
      else if (!isAllowed) expect(await outcome(route, members[role].token)).toBe('refused')
      else if (!drastic.has(id)) expect(await outcome(route, members[role].token)).toBe('let in')
    }
  })

  it.each(named(closed))('%s is no way into a tenant from outside it', async (_, route) => {
    const { permission } = route.spec
    if (permission === 'person' || permission === 'platform' || permission === 'setup') return
    expect(await outcome(route, nobodysMember.token)).toBe('refused')
    expect(await outcome(route, operator.token)).toBe('refused')
    if (!route.path.startsWith('/api/devices/:id')) return
    for (const token of [strangersKey, stranger.token]) {
      const response = await call(route, token)
      if (route.spec.permission === 'own') continue
      expect([404, 422]).toContain(response.status)
      expect(await response.text()).not.toContain('ours')
    }
  })

  it.each(named(closed))('%s keeps keys and people apart', async (_, route) => {
    const { permission, id } = route.spec
    if (permission === 'setup') return
    if (permission === 'person' || permission === 'platform' || permission === 'own') {
      expect(await outcome(route, tenant.apiKey)).toBe('refused')
    }
    if (permission === 'platform' && !drastic.has(id)) expect(await outcome(route, operator.token)).toBe('let in')
    if (permission !== 'provision') expect(await outcome(route, provisioningKey)).toBe('refused')
  })

  it.each(named(closed))('%s opens to a key of one device only what is that device’s', async (_, route) => {
    const { permission, isNarrowed } = route.spec
    if (permission === 'setup' || isNarrowed) return
    if (!route.path.startsWith('/api/devices/:id')) {
      expect((await call(route, devicesKey)).status).toBe(403)
      return
    }
    if (permission === 'own') return
    const response = await call(route, devicesKey, other.deviceId)
    expect(response.status).toBe(404)
  })

  it('takes the SETUP_TOKEN for nothing but making tenants', async () => {
    for (const route of closed) {
      if (route.spec.permission !== 'setup') expect(await outcome(route, setupToken)).toBe('unknown')
    }
  })
})
