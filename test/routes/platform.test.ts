import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { createPlatform } from '../../src/objects/stubs.ts'
import { sweepDeletedDevices } from '../../src/services/sweep/sweep-deleted-devices.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { cookieOf, freshEmail, goodPassword, newPerson, post, type TestPerson } from '../helpers/people.ts'
import { newTenant, request, send } from '../helpers/world.ts'

let operator: TestPerson
beforeEach(async () => {
  operator = await newPerson(undefined, 'viewer', { isOperator: true })
})

const made = { name: 'Customer', plan: 'STARTER', ownerEmail: 'boss@example.com' }

describe('a platform operator', () => {
  it('makes a tenant whose owner comes in by an invitation', async () => {
    const answer = await operator.api('POST', '/api/platform/tenants', { ...made, ownerEmail: freshEmail() })
    expect(answer.status).toBe(201)
    const { tenantId, invitation } = await answer.json<{ tenantId: string; invitation: { token: string } }>()
    const accepted = await post('/api/auth/invitations/accept', { token: invitation.token, password: goodPassword })
    const me = await request('GET', '/api/auth/me', { headers: { cookie: cookieOf(accepted) } })
    expect(await me.json()).toMatchObject({ tenantId, role: 'owner', isOperator: false })
    const unknown = await operator.api('POST', '/api/platform/tenants', { ...made, plan: 'NOPE' })
    expect(unknown.status).toBe(422)
  })

  it('lists tenants with what they use, page by page, and assigns a plan', async () => {
    const tenant = await newTenant({ name: 'Busy' })
    await tenant.device()
    await newPerson(tenant)
    const found = await (await operator.api('GET', '/api/platform/tenants?search=busy')).json<{ items: object[] }>()
    expect(found.items).toMatchObject([
      { tenantId: tenant.tenantId, devices: 1, members: 1, apiKeys: 1, plan: 'default' },
    ])
    const changed = await operator.api('PATCH', `/api/platform/tenants/${tenant.tenantId}`, { plan: 'FREE' })
    expect(await changed.json()).toMatchObject({ plan: 'FREE', name: 'Busy' })
    const ids: string[] = []
    let after: string | null = ''
    while (after !== null) {
      const url: string = `/api/platform/tenants?limit=1${after && `&after=${after}`}`
      const page: { items: { tenantId: string }[]; nextAfter: string | null } = await (
        await operator.api('GET', url)
      ).json()
      ids.push(...page.items.map(({ tenantId }) => tenantId))
      after = page.nextAfter
    }
    expect(ids).toContain(tenant.tenantId)
    expect(new Set(ids).size).toBe(ids.length)
    const plans = await (await request('GET', '/api/plans')).json<{
      items: { id: string; maxDevices: number | null }[]
    }>()
    expect(plans.items.map(({ id }) => id).toSorted()).toEqual(['ENTERPRISE', 'FREE', 'GROWTH', 'STARTER', 'default'])
  })

  it('suspends a tenant: its keys and people are refused, and let in again after', async () => {
    const tenant = await newTenant()
    const device = await tenant.device()
    const person = await newPerson(tenant, 'owner')
    const suspend = (isSuspended: boolean) =>
      operator.api('PATCH', `/api/platform/tenants/${tenant.tenantId}`, { isSuspended })
    expect((await suspend(true)).status).toBe(200)
    expect((await tenant.api('GET', '/api/devices')).status).toBe(401)
    expect(await (await person.api('GET', '/api/devices')).json()).toMatchObject({ reason: 'tenant_suspended' })
    expect((await send(device.token, { a: 1 })).status).toBe(401)
    expect((await suspend(false)).status).toBe(200)
    expect((await person.api('GET', '/api/devices')).status).toBe(200)
    const log = await (await person.api('GET', '/api/audit?action=changeTenant')).json<{ items: object[] }>()
    expect(log.items).toMatchObject([{ after: { suspendedAt: null } }, { before: { suspendedAt: null } }])
  })

  it('sees none of a tenant’s devices', async () => {
    const { deviceId } = await (await newTenant()).device()
    expect((await operator.api('GET', `/api/devices/${deviceId}`)).status).toBe(403)
  })

  it('exports everything of a tenant, and nothing of another', async () => {
    const tenant = await newTenant({ name: 'Leaving' })
    const other = await newTenant({ name: 'Staying' })
    const device = await tenant.device({ name: 'theirs' })
    const foreign = await other.device({ name: 'foreign' })
    await newPerson(tenant, 'owner')
    await send(device.token, { ts: 1_700_000_000_000, temperature: 21 })
    await send(foreign.token, { humidity: 40 })
    await tenant.api('POST', `/api/devices/${device.deviceId}/attributes`, {
      scope: 'SHARED',
      attributes: { limit: 5 },
    })
    const exported = await operator.api('GET', `/api/platform/tenants/${tenant.tenantId}/export`)
    const text = await exported.text()
    const kinds = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind)
    for (const kind of ['tenant', 'member', 'devices', 'api_keys', 'attributes', 'telemetry', 'audit_log']) {
      expect(kinds).toContain(kind)
    }
    expect(text).toContain('{"temperature":21}')
    expect(text).toContain(device.token)
    const told = await operator.api('GET', '/api/platform/audit?action=exportTenant')
    expect((await told.json<{ items: object[] }>()).items).toMatchObject([{ target: tenant.tenantId }])
    for (const hidden of ['foreign', foreign.token, 'humidity', '"hash"', 'scrypt$']) expect(text).not.toContain(hidden)
  })

  it('deletes everything of a tenant, and proves it', async () => {
    const tenant = await newTenant({ name: 'Leaving' })
    const device = await tenant.device()
    const only = await newPerson(tenant, 'owner')
    await send(device.token, { temperature: 21 })
    await tenant.api('POST', `/api/devices/${device.deviceId}/commands`, { method: 'reboot' })
    const path = `/api/platform/tenants/${tenant.tenantId}`
    expect((await operator.api('DELETE', path, { name: 'Other' })).status).toBe(422)
    const answer = await operator.api('DELETE', path, { name: 'Leaving' })
    expect(await answer.json()).toMatchObject({
      deleted: { devices: 1, memberships: 1, sessions: 1, tenants: 1 },
    })
    expect((await tenant.api('GET', '/api/devices')).status).toBe(401)
    expect((await only.api('GET', '/api/auth/me')).status).toBe(401)
    const remains = async () =>
      (await operator.api('GET', `${path}/remains`)).json<{ isGone: boolean; remains: Record<string, number> }>()
    expect(await remains()).toMatchObject({
      isGone: false,
      remains: { telemetry: 1, device_tombstones: 1, devices: 0 },
    })
    const registry = openRegistry(env.DB)
    const world = { registry, telemetry: openTelemetryStore(env), platform: createPlatform(env), setupToken: undefined }
    await sweepDeletedDevices({ world, now: Date.now() + 120_000 })
    const proof = await remains()
    expect(Object.entries(proof.remains).filter(([, count]) => count > 0)).toEqual([])
    expect(proof.isGone).toBe(true)
    expect(Object.keys(proof.remains).length).toBeGreaterThan(20)
    const log = await (await operator.api('GET', '/api/platform/audit?action=deleteTenant')).json<{ items: object[] }>()
    expect(log.items).toMatchObject([{ target: tenant.tenantId, before: { name: 'Leaving' }, after: { devices: 1 } }])
    expect((await operator.api('DELETE', path, { name: 'Leaving' })).status).toBe(404)
  })

  it('makes others operators, and is never the last to go', async () => {
    await env.DB.prepare('UPDATE people SET is_operator = 0 WHERE id <> ?').bind(operator.personId).run()
    const person = await newPerson(undefined)
    expect((await person.api('GET', '/api/platform/tenants')).status).toBe(403)
    expect((await operator.api('DELETE', `/api/platform/operators/${operator.personId}`)).status).toBe(409)
    expect((await operator.api('POST', '/api/platform/operators', { email: person.email })).status).toBe(201)
    expect((await person.api('GET', '/api/platform/tenants')).status).toBe(200)
    expect((await person.api('DELETE', `/api/platform/operators/${operator.personId}`)).status).toBe(204)
    expect((await operator.api('GET', '/api/platform/tenants')).status).toBe(403)
  })
})
