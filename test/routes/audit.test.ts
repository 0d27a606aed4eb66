import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import { sweepPeople } from '../../src/services/sweep/sweep-people.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { addMember, apiWith, goodPassword, invitedPerson, newPerson, post, type TestPerson } from '../helpers/people.ts'
import { newTenant, request, type TestTenant } from '../helpers/world.ts'

interface Line {
  readonly id: string
  readonly at: number
  readonly actor: string
  readonly actorName: string | null
  readonly address: string | null
  readonly action: string
  readonly target: string | null
  readonly before: Record<string, unknown> | null
  readonly after: Record<string, unknown> | null
}

let tenant: TestTenant
let owner: TestPerson
beforeEach(async () => {
  tenant = await newTenant()
  owner = await newPerson(tenant, 'owner')
})

async function lines(query = '', by = owner): Promise<Line[]> {
  const answer = await by.api('GET', `/api/audit${query}`)
  expect(answer.status).toBe(200)
  return (await answer.json<{ items: Line[] }>()).items
}

describe('the audit log', () => {
  it('says who changed what, from where, from what to what', async () => {
    const { deviceId } = await tenant.device({ name: 'before' })
    const address = { 'cf-connecting-ip': '203.0.113.5' }
    await owner.api('PATCH', `/api/devices/${deviceId}`, { name: 'after' }, address)
    const [line] = await lines(`?target=${deviceId}&action=updateDevice`)
    expect(line).toMatchObject({
      actor: `person:${owner.personId}`,
      actorName: owner.email,
      address: '203.0.113.5',
      action: 'updateDevice',
      target: deviceId,
      before: { name: 'before' },
      after: { name: 'after' },
    })
    expect(await lines('?action=createDevice')).toMatchObject([{ actorName: 'First key', target: deviceId }])
  })

  it('has a line of every change and of nothing else', async () => {
    const { deviceId } = await tenant.device()
    const path = `/api/devices/${deviceId}`
    await tenant.api('POST', `${path}/attributes`, { scope: 'SHARED', attributes: { limit: 5 } })
    await tenant.api('POST', `${path}/attributes`, { scope: 'SHARED', attributes: { limit: 6 } })
    await tenant.api('POST', `${path}/commands`, { method: 'reboot' })
    await tenant.api('POST', `${path}/token`)
    const { profileId } = await (await tenant.api('POST', '/api/device-profiles', { name: 'p' })).json<{
      profileId: string
    }>()
    await tenant.api('PATCH', `/api/device-profiles/${profileId}`, { name: 'q' })
    await tenant.api('DELETE', `/api/device-profiles/${profileId}`)
    const key = await (await tenant.api('POST', '/api/api-keys', { name: 'k', scopes: ['read'] })).json<{
      id: string
    }>()
    await tenant.api('DELETE', `/api/api-keys/${key.id}`)
    await tenant.api('POST', '/api/tenant/integrations/secret', {})
    await owner.api('POST', '/api/invitations', { email: 'x@example.com', role: 'viewer' })
    const member = await newPerson(tenant)
    await owner.api('PATCH', `/api/members/${member.personId}`, { role: 'operator' })
    await owner.api('DELETE', `/api/members/${member.personId}`)
    await tenant.api('DELETE', path)
    // No changes: reads, what was refused, and what cannot be.
    await tenant.api('GET', '/api/devices')
    await tenant.api('HEAD', '/api/devices')
    await tenant.api('POST', '/api/v1/telemetry/query', { deviceIds: [], from: 0 })
    await tenant.api('POST', '/api/devices', { name: '' })
    await member.api('DELETE', path)
    const found = (await lines('?limit=100')).toReversed()
    expect(found.map(({ action }) => action)).toEqual([
      'createTenant',
      'createDevice',
      'save-attributes',
      'save-attributes',
      'send-command',
      'rotateDeviceToken',
      'createDeviceProfile',
      'updateDeviceProfile',
      'deleteDeviceProfile',
      'createApiKey',
      'revokeApiKey',
      'webhook_secret_rotated',
      'invite',
      'changeRole',
      'removeMember',
      'deleteDevice',
    ])
    expect(found[3]).toMatchObject({ before: { attributes: { limit: 5 } }, after: { attributes: { limit: 6 } } })
    expect(found[7]).toMatchObject({ before: { name: 'p' }, after: { name: 'q' } })
    expect(found[13]).toMatchObject({ before: { role: 'viewer' }, after: { role: 'operator' } })
  })

  it('says before and after of members, keys, settings and secrets, in the logs that it concerns', async () => {
    const find = async (action: string, by = owner) => (await lines(`?action=${action}`, by))[0]
    await tenant.api('POST', '/api/tenant/integrations/secret', {})
    expect(await find('webhook_secret_rotated')).toMatchObject({
      before: null,
      after: { createdAt: expect.any(Number) },
    })
    await tenant.api('DELETE', '/api/tenant/integrations/secret')
    expect(await find('webhook_secret_revoked')).toMatchObject({
      before: { createdAt: expect.any(Number) },
      after: null,
    })
    await tenant.api('PATCH', '/api/tenant/integrations', { unknownDevices: 'create' })
    const settings = await find('updateWebhookSettings')
    expect(Object.keys(settings?.before ?? {})).toEqual(Object.keys(settings?.after ?? {}))
    expect(settings?.before).not.toEqual(settings?.after)
    const api = { apiUrl: 'https://cs.example.com/', apiKey: 'cs-key-1234' }
    await tenant.api('PUT', '/api/tenant/integrations/chirpstack', api)
    const kept = { apiUrl: 'https://cs.example.com', lastFour: '1234' }
    expect(await find('setChirpstackApi')).toMatchObject({ before: null, after: kept })
    await tenant.api('DELETE', '/api/tenant/integrations/chirpstack')
    expect(await find('forgetChirpstackApi')).toMatchObject({ before: kept, after: null })
    const attributes = `/api/devices/${(await tenant.device()).deviceId}/attributes`
    await tenant.api('POST', attributes, { scope: 'SERVER', attributes: { site: 'Hall 3' } })
    await tenant.api('DELETE', `${attributes}/SERVER/site`)
    expect(await find('delete-attribute')).toMatchObject({ before: { scope: 'server', key: 'site', value: 'Hall 3' } })
    const invited = await owner.api('POST', '/api/invitations', { email: 'x@example.com', role: 'viewer' })
    await owner.api('DELETE', `/api/invitations/${(await invited.json<{ id: string }>()).id}`)
    expect(await find('withdrawInvitation')).toMatchObject({ before: { email: 'x@example.com', role: 'viewer' } })
    await owner.api('PATCH', '/api/auth/me', { name: 'Boss' })
    expect(await find('updateMe')).toMatchObject({ before: { name: null }, after: { name: 'Boss' } })
    const key = await tenant.api('POST', '/api/api-keys', { name: 'k', scopes: ['read'] })
    await tenant.api('DELETE', `/api/api-keys/${(await key.json<{ id: string }>()).id}`)
    expect(await find('revokeApiKey')).toMatchObject({
      before: { name: 'k', revokedAt: null },
      after: { revokedAt: expect.any(Number) },
    })

    const second = await newTenant()
    const boss = await newPerson(second, 'owner')
    const { cookie, email } = await invitedPerson(tenant, 'viewer')
    const { personId } = await (await request('GET', '/api/auth/me', { headers: { cookie } })).json<{
      personId: string
    }>()
    await addMember(second.tenantId, personId, 'operator')
    const third = await newTenant()
    await addMember(third.tenantId, personId, 'admin')
    await post(`/api/auth/tenants/${third.tenantId}`, {}, { cookie }, 'DELETE')
    expect(await find('leaveTenant')).toBeUndefined()
    expect(await find('leaveTenant', await newPerson(third, 'owner'))).toMatchObject({ before: { role: 'admin' } })
    await post('/api/auth/account', { password: goodPassword }, { cookie }, 'DELETE')
    for (const by of [owner, boss]) {
      expect(await find('deleteAccount', by)).toMatchObject({ target: personId, before: { email } })
    }
  })

  it('holds no secret, whatever was made', async () => {
    const device = await tenant.device({ token: 'a-token-of-its-own' })
    await tenant.api('DELETE', `/api/devices/${device.deviceId}`)
    const { apiKey } = await (await tenant.api('POST', '/api/api-keys', { name: 'k', scopes: ['read'] })).json<{
      apiKey: string
    }>()
    const { secret } = await (await tenant.api('POST', '/api/tenant/integrations/secret', {})).json<{
      secret: string
    }>()
    const { token } = await (await owner.api('POST', '/api/invitations', { email: 'y@example.com' })).json<{
      token: string
    }>()
    const { cookie, email } = await invitedPerson(tenant, 'viewer')
    await post('/api/auth/password', { current: goodPassword, password: 'another-harbour-7' }, { cookie })
    const bearer = await post('/api/auth/exchange', { email, password: 'another-harbour-7' })
    const { accessToken } = await bearer.json<{ accessToken: string }>()
    const { ticket } = await (await apiWith(accessToken)('POST', '/api/auth/tickets')).json<{ ticket: string }>()
    await post('/api/auth/exchange', { code: ticket })
    const rows = (await env.DB.prepare('SELECT * FROM audit_log').all()).results
    expect(rows.map(({ action }) => action)).toEqual(expect.arrayContaining(['changePassword', 'exchangeCode']))
    const text = JSON.stringify(rows)
    const made = [apiKey, secret, token, accessToken, ticket, goodPassword, 'another-harbour-7', cookie.split('=')[1]]
    for (const hidden of ['a-token-of-its-own', ...made]) expect(text).not.toContain(hidden)
  })

  it('is read by admins of the tenant, page by page', async () => {
    for (let n = 0; n < 5; n++) await tenant.device({ name: `d${n}` })
    const seen: string[] = []
    let before = ''
    do {
      const page = await (await owner.api('GET', `/api/audit?limit=2${before}`)).json<{
        items: Line[]
        nextBefore: string | null
      }>()
      seen.push(...page.items.map(({ id }) => id))
      before = page.nextBefore === null ? '' : `&before=${page.nextBefore}`
    } while (before !== '')
    expect(seen).toHaveLength(6)
    expect(new Set(seen).size).toBe(6)
    expect((await (await newPerson(tenant, 'operator')).api('GET', '/api/audit')).status).toBe(403)
    expect(await lines('', await newPerson(await newTenant(), 'owner'))).toMatchObject([{ action: 'createTenant' }])
  })

  it('is kept for so long', async () => {
    await tenant.device()
    const registry = openRegistry(env.DB)
    const world = { registry, telemetry: openTelemetryStore(env), platform: createPlatform(env), setupToken: undefined }
    await sweepPeople({ world, now: Date.now() })
    expect(await lines()).toHaveLength(2)
    expect((await owner.api('GET', '/api/auth/me')).status).toBe(200)
    await sweepPeople({ world, now: Date.now() + limits.auditMs + 1_000 })
    const rows = await env.DB.prepare(
      'SELECT (SELECT count(*) FROM audit_log) AS log, (SELECT count(*) FROM sessions) AS sessions',
    ).first()
    expect(rows).toEqual({ log: 0, sessions: 0 })
  })
})
