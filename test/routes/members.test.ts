import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  addMember,
  apiWith,
  cookieOf,
  freshEmail,
  goodPassword,
  invitedPerson,
  newPerson,
  post,
  type TestPerson,
} from '../helpers/people.ts'
import { newTenant, request, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
let owner: TestPerson
beforeEach(async () => {
  tenant = await newTenant()
  owner = await newPerson(tenant, 'owner')
})

const get = (path: string, cookie: string) => request('GET', path, { headers: { cookie } })
const accept = (token: string, fields: object = { password: goodPassword }, headers: Record<string, string> = {}) =>
  post('/api/auth/invitations/accept', { token, ...fields }, headers)

async function invitation(email = freshEmail(), role = 'viewer'): Promise<{ id: string; token: string; url: string }> {
  return (await owner.api('POST', '/api/invitations', { email, role })).json()
}

describe('an invitation', () => {
  it('is a link that is shown once, and stored as a hash', async () => {
    const { id, token, url } = await invitation('new@example.com', 'operator')
    expect(url).toBe(`https://edge.test/invitation#${token}`)
    const list = await (await owner.api('GET', '/api/invitations')).text()
    expect(list).toContain(id)
    expect(list).not.toContain(token)
    const rows = await env.DB.prepare('SELECT * FROM one_time_links').all()
    expect(JSON.stringify(rows.results)).not.toContain(token)
    const look = await post('/api/auth/invitations/look', { token })
    expect(await look.json()).toEqual({
      email: 'new@example.com',
      role: 'operator',
      tenantName: 'Test',
      hasAccount: false,
    })
  })

  it('makes a new account a member, signed in', async () => {
    const { cookie, email } = await invitedPerson(tenant, 'operator')
    expect(await (await get('/api/auth/me', cookie)).json()).toMatchObject({
      email,
      role: 'operator',
      tenantId: tenant.tenantId,
      permissions: ['read', 'operate'],
    })
  })

  it('is good once', async () => {
    const { token } = await invitedPerson(tenant, 'viewer')
    expect((await accept(token)).status).toBe(404)
    expect((await post('/api/auth/invitations/look', { token })).status).toBe(404)
  })

  it('goes to one of twenty that come at once', async () => {
    const { token } = await invitation()
    const statuses = (await Promise.all(Array.from({ length: 20 }, () => accept(token)))).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 404 || status === 409)).toHaveLength(19)
    const members = await (await owner.api('GET', '/api/members')).json<{ items: unknown[] }>()
    expect(members.items).toHaveLength(2)
  })

  it('is over after a day, when it is withdrawn, and when there is a newer one', async () => {
    const withdrawn = await invitation()
    expect((await owner.api('DELETE', `/api/invitations/${withdrawn.id}`)).status).toBe(204)
    expect((await accept(withdrawn.token)).status).toBe(404)
    const email = freshEmail()
    const older = await invitation(email)
    const newer = await invitation(email)
    expect((await accept(older.token)).status).toBe(404)
    await env.DB.prepare('UPDATE one_time_links SET expires_at = ? WHERE token_hash = ?')
      .bind(Date.now(), newer.id)
      .run()
    expect((await accept(newer.token)).status).toBe(404)
    const { id } = await invitation()
    expect((await (await newPerson(await newTenant(), 'owner')).api('DELETE', `/api/invitations/${id}`)).status).toBe(
      404,
    )
  })

  it('is taken by an account that there is, when it is signed in, and by no other', async () => {
    const elsewhere = await newTenant()
    const { email, cookie } = await invitedPerson(elsewhere, 'admin')
    const { token } = await invitation(email, 'viewer')
    expect(await (await accept(token)).json()).toMatchObject({ code: 'conflict', reason: 'account_exists' })
    const other = await invitedPerson(elsewhere, 'viewer')
    expect(await (await accept(token, {}, { cookie: other.cookie })).json()).toMatchObject({ reason: 'other_account' })
    const accepted = await accept(token, {}, { cookie })
    expect(await accepted.json()).toEqual({ success: true })
    expect(accepted.headers.get('set-cookie')).toBeNull()
    const me = await (await get('/api/auth/me', cookie)).json<{ tenants: { tenantId: string; role: string }[] }>()
    expect(me.tenants.map(({ role }) => role).toSorted()).toEqual(['admin', 'viewer'])
  })

  it('ends with the power of whoever made it', async () => {
    const admin = await newPerson(tenant, 'admin')
    const made = async (by: Pick<TestPerson, 'api'>, role = 'admin') => {
      const answer = await by.api('POST', '/api/invitations', { email: freshEmail(), role })
      return (await answer.json<{ token: string }>()).token
    }
    const second = await newPerson(tenant, 'owner')
    const key = await tenant.api('POST', '/api/api-keys', { name: 'k', scopes: ['admin'] })
    const { id, apiKey } = await key.json<{ id: string; apiKey: string }>()
    const byAdmin = await made(admin)
    const byOwner = await made(second, 'owner')
    const byKey = await made({ api: apiWith(apiKey) })
    await owner.api('DELETE', `/api/members/${admin.personId}`)
    await owner.api('PATCH', `/api/members/${second.personId}`, { role: 'admin' })
    await tenant.api('DELETE', `/api/api-keys/${id}`)
    for (const token of [byAdmin, byOwner, byKey]) {
      expect((await post('/api/auth/invitations/look', { token })).status).toBe(404)
      expect((await accept(token)).status).toBe(404)
    }
    expect(await (await owner.api('GET', '/api/invitations')).json()).toEqual({ items: [] })
  })

  it('is none for a member, and keeps to the plan', async () => {
    const again = await owner.api('POST', '/api/invitations', { email: owner.email, role: 'viewer' })
    expect(await again.json()).toMatchObject({ reason: 'already_member' })
    await env.DB.prepare("UPDATE tenants SET plan_id = 'FREE' WHERE id = ?").bind(tenant.tenantId).run()
    const { token } = await invitation()
    expect(await (await accept(token)).json()).toMatchObject({ code: 'conflict', reason: 'plan_limit' })
    const people = await env.DB.prepare('SELECT count(*) AS n FROM people WHERE email LIKE ?').bind('p%').first('n')
    expect(people).toBe(await env.DB.prepare('SELECT count(DISTINCT person_id) AS n FROM sessions').first('n'))
  })
})

describe('a role', () => {
  it('is given by admins, and that of owners by owners', async () => {
    const admin = await newPerson(tenant, 'admin')
    const viewer = await newPerson(tenant, 'viewer')
    const give = (by: TestPerson, to: TestPerson, role: string) =>
      by.api('PATCH', `/api/members/${to.personId}`, { role })
    expect((await give(admin, viewer, 'operator')).status).toBe(200)
    expect((await give(admin, viewer, 'owner')).status).toBe(403)
    expect((await give(admin, admin, 'owner')).status).toBe(403)
    expect((await give(admin, owner, 'viewer')).status).toBe(403)
    expect((await admin.api('DELETE', `/api/members/${owner.personId}`)).status).toBe(403)
    expect((await admin.api('POST', '/api/invitations', { email: freshEmail(), role: 'owner' })).status).toBe(403)
    expect((await tenant.api('POST', '/api/invitations', { email: freshEmail(), role: 'owner' })).status).toBe(403)
    expect((await give(owner, viewer, 'owner')).status).toBe(200)
    const stranger = await newPerson(await newTenant(), 'owner')
    expect((await give(stranger, viewer, 'viewer')).status).toBe(404)
  })

  it('counts at once, also in sessions that are open', async () => {
    const member = await newPerson(tenant, 'admin')
    expect((await member.api('GET', '/api/members')).status).toBe(200)
    await owner.api('PATCH', `/api/members/${member.personId}`, { role: 'viewer' })
    expect((await member.api('GET', '/api/members')).status).toBe(403)
    await owner.api('DELETE', `/api/members/${member.personId}`)
    const gone = await member.api('GET', '/api/devices')
    expect(gone.status).toBe(403)
    expect(await gone.json()).toMatchObject({ reason: 'no_tenant' })
    expect((await member.api('GET', '/api/auth/me')).status).toBe(200)
  })

  it('of owner is never left empty, however many go at once', async () => {
    const second = await newPerson(tenant, 'owner')
    const left = await Promise.all(
      [owner, second].map((one) => one.api('DELETE', `/api/auth/tenants/${tenant.tenantId}`)),
    )
    expect(left.map(({ status }) => status).toSorted()).toEqual([204, 409])
    const last = left[0]?.status === 204 ? second : owner
    expect((await last.api('PATCH', `/api/members/${last.personId}`, { role: 'admin' })).status).toBe(409)
    expect((await last.api('DELETE', `/api/members/${last.personId}`)).status).toBe(409)
  })

  it('of operator does what operators do, and sees no token', async () => {
    const { deviceId, token } = await tenant.device()
    const person = await newPerson(tenant, 'operator')
    const seen = await person.api('GET', `/api/devices/${deviceId}`)
    expect(await seen.text()).not.toContain(token)
    const attributes = { scope: 'SHARED', attributes: { limit: 5 } }
    expect((await person.api('POST', `/api/devices/${deviceId}/attributes`, attributes)).status).toBe(200)
    expect((await person.api('POST', `/api/devices/${deviceId}/commands`, { method: 'reboot' })).status).toBe(200)
    expect((await person.api('DELETE', `/api/devices/${deviceId}`)).status).toBe(403)
    const admin = await newPerson(tenant, 'admin')
    expect(await (await admin.api('GET', `/api/devices/${deviceId}`)).text()).toContain(token)
  })
})

describe('a person', () => {
  it('switches between the own tenants, and into no other', async () => {
    const second = await newTenant()
    await addMember(second.tenantId, owner.personId, 'viewer')
    const device = await second.device()
    expect((await owner.api('GET', `/api/devices/${device.deviceId}`)).status).toBe(404)
    expect((await owner.api('POST', '/api/auth/tenant', { tenantId: second.tenantId })).status).toBe(204)
    expect((await owner.api('GET', `/api/devices/${device.deviceId}`)).status).toBe(200)
    expect((await owner.api('GET', '/api/members')).status).toBe(403)
    const foreign = await newTenant()
    expect((await owner.api('POST', '/api/auth/tenant', { tenantId: foreign.tenantId })).status).toBe(404)
  })

  it('deletes the own account, with every session and membership, but not as the last owner', async () => {
    const { cookie, email } = await invitedPerson(tenant, 'viewer')
    const remove = (by: string, password: string) => post('/api/auth/account', { password }, { cookie: by }, 'DELETE')
    expect(await (await remove(cookie, 'wrong-password')).json()).toMatchObject({ reason: 'password_wrong' })
    expect((await remove(cookie, goodPassword)).status).toBe(204)
    expect((await get('/api/auth/me', cookie)).status).toBe(401)
    expect(await env.DB.prepare('SELECT id FROM people WHERE email = ?').bind(email).first()).toBeNull()
    const lone = await newTenant()
    const invited = await newPerson(lone, 'owner').then((by) =>
      by.api('POST', '/api/invitations', { email: freshEmail(), role: 'owner' }),
    )
    const accepted = await accept((await invited.json<{ token: string }>()).token)
    await env.DB.prepare(
      'DELETE FROM memberships WHERE tenant_id = ? AND person_id NOT IN (SELECT id FROM people WHERE password_hash IS NOT NULL)',
    )
      .bind(lone.tenantId)
      .run()
    expect(await (await remove(cookieOf(accepted), goodPassword)).json()).toMatchObject({ reason: 'last_owner' })
  })
})
