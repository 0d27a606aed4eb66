import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import type { ServiceContext } from '../../src/services/context.ts'
import { openSession } from '../../src/services/people/open-session.ts'
import { newSecret, sha256 } from '../../src/services/secrets.ts'
import { openRegistry } from '../../src/store/registry.ts'
import type { SessionProof } from '../../src/store/sessions.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { counted, hooked } from '../helpers/d1.ts'
import {
  addMember,
  apiWith,
  cookieOf,
  freshEmail,
  goodPassword,
  invitedPerson,
  newPerson,
  origin,
  post,
} from '../helpers/people.ts'
import { newTenant, type Problem, request, setupToken, type TestTenant } from '../helpers/world.ts'

const owner = { email: 'owner@example.com', password: goodPassword, tenantName: 'First' }
const withToken = { authorization: `Bearer ${setupToken}` }
const signIn = (email: string, password: string, headers: Record<string, string> = {}) =>
  post('/api/auth/sign-in', { email, password }, headers)
const from = (address: string) => ({ 'cf-connecting-ip': address })
const me = (cookie: string) => request('GET', '/api/auth/me', { headers: { cookie } })

async function emptyRegistry(): Promise<void> {
  await env.DB.batch(['people', 'tenants'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)))
}

describe('onboarding', () => {
  beforeEach(emptyRegistry)

  it('makes the owner of the first tenant, who is signed in', async () => {
    const made = await post('/api/auth/onboarding', owner, withToken)
    expect(made.status).toBe(201)
    expect(await (await me(cookieOf(made))).json()).toMatchObject({
      email: 'owner@example.com',
      role: 'owner',
      isOperator: true,
      tenants: [{ name: 'First', role: 'owner', isSuspended: false }],
    })
  })

  it('takes over a tenant that a script made', async () => {
    const { tenantId } = await newTenant({ name: 'Scripted' })
    const made = await post('/api/auth/onboarding', owner, withToken)
    expect(await (await me(cookieOf(made))).json()).toMatchObject({ tenantId, tenants: [{ name: 'Scripted' }] })
  })

  it('is for the holder of the SETUP_TOKEN, unless it runs on one’s own machine', async () => {
    expect((await post('/api/auth/onboarding', owner)).status).toBe(401)
    expect((await post('/api/auth/onboarding', owner, { authorization: 'Bearer wrong' })).status).toBe(401)
    const { exports } = await import('cloudflare:workers')
    const local = (body: unknown) =>
      exports.default.fetch('http://localhost:8787/api/auth/onboarding', {
        method: 'POST',
        headers: { origin: 'http://localhost:8787' },
        body: JSON.stringify(body),
      })
    expect((await local({ tenantName: 'x' })).status).toBe(401)
    const made = await local(owner)
    expect(made.status).toBe(201)
    expect(made.headers.get('set-cookie')).toMatch(/^session=acs_[\w-]{43}; .*HttpOnly; SameSite=Lax$/)
    expect((await local(owner)).status).toBe(409)
  })

  it('is offered only where it is possible', async () => {
    const { exports } = await import('cloudflare:workers')
    const look = (base = origin) => exports.default.fetch(`${base}/api/auth/onboarding`)
    expect(await (await look()).json()).toEqual({ isPossible: true, needsToken: true })
    expect(await (await look('http://localhost:8787')).json()).toEqual({ isPossible: true, needsToken: false })
    const world = { registry: openRegistry(env.DB), telemetry: openTelemetryStore(env), platform: createPlatform(env) }
    const app = createApp(() => ({ ...world, setupToken: undefined }))
    const bare = await app.fetch(new Request(`${origin}/api/auth/onboarding`), env, createExecutionContext())
    expect(await bare.json()).toEqual({ isPossible: false, needsToken: true })
    await post('/api/auth/onboarding', owner, withToken)
    expect(await (await look()).json()).toEqual({ isPossible: false, needsToken: true })
  })

  it('makes one first person, however many ask at once', async () => {
    const asked = Array.from({ length: 20 }, (_, n) =>
      post('/api/auth/onboarding', { ...owner, email: `first${n}@example.com` }, withToken),
    )
    const statuses = (await Promise.all(asked)).map(({ status }) => status).toSorted()
    expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 409)])
    const counts = await env.DB.prepare(
      'SELECT (SELECT count(*) FROM people) AS people, (SELECT count(*) FROM tenants) AS tenants, (SELECT count(*) FROM memberships) AS members',
    ).first()
    expect(counts).toEqual({ people: 1, tenants: 1, members: 1 })
  })

  it('refuses a password that is short, common or the e-mail', async () => {
    for (const password of [
      'short',
      'password123',
      'Passw0rd2026!',
      'qwertyuiop',
      'aaaaaaaaaaaaaaaa',
      'owner@example.com',
    ]) {
      const refused = await post('/api/auth/onboarding', { ...owner, password }, withToken)
      expect(refused.status).toBe(422)
      expect(await refused.json()).toMatchObject({ reason: 'password_weak' })
    }
  })
})

describe('a session', () => {
  let tenant: TestTenant
  beforeEach(async () => {
    tenant = await newTenant()
  })

  it('is a cookie that no script reads, sent to this host only, and stored as a hash', async () => {
    const { email } = await invitedPerson(tenant, 'viewer')
    const answer = await signIn(email, goodPassword)
    const cookie = answer.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^__Host-session=acs_[\w-]{43};/)
    for (const part of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']) expect(cookie).toContain(part)
    expect(cookie).not.toContain('Domain')
    expect(await answer.text()).not.toContain('acs_')
    const token = cookieOf(answer).split('=')[1] ?? ''
    const row = await env.DB.prepare('SELECT * FROM sessions WHERE token_hash = ?').bind(sha256(token)).first()
    expect(row).not.toBeNull()
    expect(JSON.stringify(row)).not.toContain(token)
  })

  it('is none over http, but on one’s own machine', async () => {
    const { email } = await invitedPerson(tenant, 'viewer')
    const { exports } = await import('cloudflare:workers')
    const answer = await exports.default.fetch('http://edge.test/api/auth/sign-in', {
      method: 'POST',
      headers: { origin: 'http://edge.test' },
      body: JSON.stringify({ email, password: goodPassword }),
    })
    const cookie = answer.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^__Host-session=acs_.*Secure/)
    const plain = cookieOf(answer).replace('__Host-', '')
    const me = await exports.default.fetch('http://edge.test/api/auth/me', { headers: { cookie: plain } })
    expect(me.status).toBe(401)
  })

  it('is not made from what was changed or revoked while it was being made', async () => {
    const person = await newPerson(tenant)
    const ctx = { registry: openRegistry(env.DB), now: Date.now() } as ServiceContext
    const open = (proof: SessionProof) => openSession(ctx, person.personId, 'bearer', proof)
    await env.DB.prepare("UPDATE people SET password_hash = 'new' WHERE id = ?").bind(person.personId).run()
    await expect(open({ passwordHash: 'old' })).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(open({ sessionId: sha256('gone') })).rejects.toMatchObject({ code: 'unauthenticated' })
    const other = await newPerson(tenant)
    await expect(open({ sessionId: sha256(other.token) })).rejects.toMatchObject({ code: 'unauthenticated' })
    expect((await open({ passwordHash: 'new' })).token).toMatch(/^acb_/)
    expect((await open({ sessionId: sha256(person.token) })).token).toMatch(/^acb_/)
  })

  it('is none for the old password, where that is changed between the look at it and the session', async () => {
    const { email } = await invitedPerson(tenant, 'viewer')
    const change = async (statements: readonly { readonly sql: string }[]) => {
      if (!statements.some(({ sql }) => sql.includes('INSERT INTO sessions'))) return
      await env.DB.prepare("UPDATE people SET password_hash = 'changed' WHERE email = ?").bind(email).run()
    }
    const world = { telemetry: openTelemetryStore(env), platform: createPlatform(env), setupToken: undefined }
    const app = createApp(() => ({ ...world, registry: openRegistry(hooked(env.DB, change)) }))
    const init = { method: 'POST', headers: { origin }, body: JSON.stringify({ email, password: goodPassword }) }
    const ctx = createExecutionContext()
    const answer = await app.fetch(new Request(`${origin}/api/auth/sign-in`, init), env, ctx)
    await waitOnExecutionContext(ctx)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('set-cookie')).toBeNull()
  })

  it('is always a new one: what was planted before is worth nothing', async () => {
    const { email } = await invitedPerson(tenant, 'admin')
    const planted = newSecret('acs_')
    const answer = await signIn(email, goodPassword, { cookie: `__Host-session=${planted}` })
    expect(answer.status).toBe(200)
    expect(cookieOf(answer)).not.toContain(planted)
    expect((await me(`__Host-session=${planted}`)).status).toBe(401)
    const again = await signIn(email, goodPassword, { cookie: cookieOf(answer) })
    expect(cookieOf(again)).not.toBe(cookieOf(answer))
  })

  it('changes nothing for a page of another origin, nor for one that does not say its own', async () => {
    const { cookie } = await invitedPerson(tenant, 'admin')
    const make = (headers: Record<string, string>) =>
      request('POST', '/api/devices', { headers: { cookie, ...headers }, body: '{"name":"x"}' })
    for (const headers of [
      {},
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { origin: `${origin}.evil.test` },
    ]) {
      const refused = await make(headers)
      expect(refused.status).toBe(403)
      expect(await refused.json()).toMatchObject({ reason: 'foreign_origin' })
    }
    expect((await make({ origin })).status).toBe(201)
    for (const path of [
      '/api/auth/sign-in',
      '/api/auth/onboarding',
      '/api/auth/invitations/accept',
      '/api/auth/exchange',
    ])
      expect((await post(path, {}, { origin: 'https://evil.test' })).status).toBe(403)
  })

  it('opens no socket for a page of another origin', async () => {
    const { cookie } = await invitedPerson(tenant, 'viewer')
    const { deviceId } = await tenant.device()
    const open = (headers: Record<string, string>, query = '') =>
      request('GET', `/api/devices/${deviceId}/live${query}`, { headers: { upgrade: 'websocket', ...headers } })
    expect((await open({ cookie })).status).toBe(403)
    expect((await open({ cookie, origin: 'https://evil.test' })).status).toBe(403)
    const opened = await open({ cookie, origin })
    expect(opened.status).toBe(101)
    opened.webSocket?.accept()
    opened.webSocket?.close()
  })

  it('lends itself to a ticket, once', async () => {
    const person = await newPerson(tenant, 'viewer')
    const { deviceId } = await tenant.device()
    const { ticket } = await (await person.api('POST', '/api/auth/tickets')).json<{ ticket: string }>()
    const open = () =>
      request('GET', `/api/devices/${deviceId}/live?ticket=${ticket}`, {
        headers: { upgrade: 'websocket', origin: 'https://localhost' },
      })
    const opened = await open()
    expect(opened.status).toBe(101)
    opened.webSocket?.accept()
    opened.webSocket?.close()
    expect((await open()).status).toBe(401)
    const plain = await (await person.api('POST', '/api/auth/tickets')).json<{ ticket: string }>()
    expect((await request('GET', `/api/auth/me?ticket=${plain.ticket}`)).status).toBe(401)
  })

  it('is a bearer token for apps, by password or by a ticket', async () => {
    const { email, cookie } = await invitedPerson(tenant, 'operator')
    const byPassword = await post('/api/auth/exchange', { email, password: goodPassword })
    const { accessToken, tokenType } = await byPassword.json<{ accessToken: string; tokenType: string }>()
    expect(tokenType).toBe('Bearer')
    expect(byPassword.headers.get('set-cookie')).toBeNull()
    expect((await apiWith(accessToken)('GET', '/api/devices')).status).toBe(200)
    const { ticket } = await (await post('/api/auth/tickets', {}, { cookie })).json<{ ticket: string }>()
    const trade = () => post('/api/auth/exchange', { code: ticket })
    const traded = await (await trade()).json<{ accessToken: string }>()
    expect(await (await apiWith(traded.accessToken)('GET', '/api/auth/me')).json()).toMatchObject({ email })
    expect((await trade()).status).toBe(401)
    // Neither is the other: a stolen cookie passes no door as a bearer token.
    expect((await apiWith(cookie.split('=')[1] ?? '')('GET', '/api/auth/me')).status).toBe(401)
    expect((await me(`__Host-session=${accessToken}`)).status).toBe(401)
  })

  it('costs one statement a check, of one row of each table', async () => {
    const person = await newPerson(tenant)
    const tally = { statements: 0, rowsWritten: 0, rowsRead: 0 }
    const world = {
      registry: openRegistry(counted(env.DB, tally)),
      telemetry: openTelemetryStore(env),
      platform: createPlatform(env),
      setupToken: undefined,
    }
    const ask = async () => {
      const ctx = createExecutionContext()
      const headers = { authorization: `Bearer ${person.token}` }
      const answer = await createApp(() => world).fetch(new Request(`${origin}/api/tenant`, { headers }), env, ctx)
      expect(answer.status).toBe(200)
      await waitOnExecutionContext(ctx)
    }
    await ask()
    Object.assign(tally, { statements: 0, rowsWritten: 0, rowsRead: 0 })
    await ask()
    // The session with its person, membership and tenant, and then the tenant that was asked for.
    expect(tally).toEqual({ statements: 2, rowsWritten: 0, rowsRead: 5 })
  })

  it('notes its use once an hour', async () => {
    const person = await newPerson(tenant)
    const row = () =>
      env.DB.prepare('SELECT last_used_at, expires_at FROM sessions WHERE token_hash = ?')
        .bind(sha256(person.token))
        .first<{ last_used_at: number; expires_at: number }>()
    const before = await row()
    await person.api('GET', '/api/auth/me')
    expect(await row()).toEqual(before)
    await env.DB.prepare('UPDATE sessions SET last_used_at = last_used_at - 7200000 WHERE token_hash = ?')
      .bind(sha256(person.token))
      .run()
    await person.api('GET', '/api/auth/me')
    await expect.poll(async () => (await row())?.expires_at).toBeGreaterThan(Date.now() + 29 * 24 * 3_600_000)
  })

  it('ends when it is over, signed out or revoked', async () => {
    const { email, cookie } = await invitedPerson(tenant, 'viewer')
    const second = cookieOf(await signIn(email, goodPassword))
    const third = cookieOf(await signIn(email, goodPassword))
    const list = async (by: string) =>
      (
        await (
          await request('GET', '/api/auth/sessions', { headers: { cookie: by } })
        ).json<{
          items: { id: string; isCurrent: boolean }[]
        }>()
      ).items
    expect(await list(cookie)).toHaveLength(3)
    const mine = (await list(second)).find(({ isCurrent }) => isCurrent)
    expect((await post(`/api/auth/sessions/${mine?.id}`, {}, { cookie: third }, 'DELETE')).status).toBe(204)
    expect((await me(second)).status).toBe(401)
    expect((await post('/api/auth/sessions?keepThis=true', {}, { cookie }, 'DELETE')).status).toBe(204)
    expect((await me(third)).status).toBe(401)
    expect((await me(cookie)).status).toBe(200)
    const stranger = await newPerson(tenant)
    const theirs = (await list(cookie))[0]
    expect((await stranger.api('DELETE', `/api/auth/sessions/${theirs?.id}`)).status).toBe(404)
    const out = await post('/api/auth/sign-out', {}, { cookie })
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0')
    expect((await me(cookie)).status).toBe(401)
    await env.DB.prepare('UPDATE sessions SET expires_at = 1 WHERE token_hash = ?').bind(sha256(stranger.token)).run()
    expect((await stranger.api('GET', '/api/auth/me')).status).toBe(401)
  })
})

describe('a password', () => {
  let tenant: TestTenant
  beforeEach(async () => {
    tenant = await newTenant()
  })

  it('is stored with its figures, and never as it is', async () => {
    const { email } = await invitedPerson(tenant, 'viewer')
    const row = await env.DB.prepare('SELECT * FROM people WHERE email = ?')
      .bind(email)
      .first<{ password_hash: string }>()
    expect(row?.password_hash).toMatch(/^scrypt\$16384\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
    expect(JSON.stringify(row)).not.toContain(goodPassword)
  })

  it('is hashed anew where its figures are old', async () => {
    const { email } = await invitedPerson(tenant, 'viewer')
    const { scryptSync } = await import('node:crypto')
    const key = scryptSync(goodPassword, Buffer.alloc(16), 32, { N: 1024, r: 8, p: 1 }).toString('base64url')
    const old = `scrypt$1024$8$1$${Buffer.alloc(16).toString('base64url')}$${key}`
    await env.DB.prepare('UPDATE people SET password_hash = ? WHERE email = ?').bind(old, email).run()
    expect((await signIn(email, goodPassword)).status).toBe(200)
    const stored = () =>
      env.DB.prepare('SELECT password_hash AS hash FROM people WHERE email = ?').bind(email).first<{ hash: string }>()
    await expect.poll(async () => (await stored())?.hash).toMatch(/^scrypt\$16384\$/)
    expect((await signIn(email, goodPassword)).status).toBe(200)
  })

  it('is changed by who knows it, and every other session ends', async () => {
    const { email, cookie } = await invitedPerson(tenant, 'viewer')
    const other = cookieOf(await signIn(email, goodPassword))
    const change = (current: string, password: string) => post('/api/auth/password', { current, password }, { cookie })
    expect(await (await change('wrong-password', 'another-harbour-7')).json()).toMatchObject({
      reason: 'password_wrong',
    })
    expect(await (await change(goodPassword, 'short')).json()).toMatchObject({ reason: 'password_weak' })
    expect((await change(goodPassword, 'another-harbour-7')).status).toBe(204)
    expect((await me(cookie)).status).toBe(200)
    expect((await me(other)).status).toBe(401)
    expect((await signIn(email, goodPassword)).status).toBe(401)
    expect((await signIn(email, 'another-harbour-7')).status).toBe(200)
  })

  it('is set anew by a link that an admin made, once', async () => {
    const { email, cookie } = await invitedPerson(tenant, 'viewer')
    const admin = await newPerson(tenant, 'admin')
    const { personId } = await (await me(cookie)).json<{ personId: string }>()
    const made = await admin.api('POST', `/api/members/${personId}/password-reset`)
    const { token } = await made.json<{ token: string }>()
    const reset = (password: string) => post('/api/auth/password-reset', { token, password })
    expect(await (await reset('short')).json()).toMatchObject({ reason: 'password_weak' })
    const raced = await Promise.all(Array.from({ length: 5 }, () => reset('third-harbour-12')))
    expect(raced.map(({ status }) => status).toSorted()).toEqual([200, 404, 404, 404, 404])
    expect((await me(cookie)).status).toBe(401)
    const fresh = cookieOf(raced.find(({ status }) => status === 200) as Response)
    expect((await me(fresh)).status).toBe(200)
    expect((await signIn(email, 'third-harbour-12')).status).toBe(200)
  })

  it('is not set anew by who stands above the person no more', async () => {
    const admin = await newPerson(tenant, 'admin')
    const link = async () => {
      const member = await newPerson(tenant, 'viewer')
      const made = await admin.api('POST', `/api/members/${member.personId}/password-reset`)
      return { member, token: (await made.json<{ token: string }>()).token }
    }
    const [promoted, joined, operating, freed] = await Promise.all([link(), link(), link(), link()])
    const run = (text: string, ...values: string[]) =>
      env.DB.prepare(text)
        .bind(...values)
        .run()
    await run("UPDATE memberships SET role = 'owner' WHERE person_id = ?", promoted.member.personId)
    await addMember((await newTenant()).tenantId, joined.member.personId, 'viewer')
    await run('UPDATE people SET is_operator = 1 WHERE id = ?', operating.member.personId)
    const reset = (token: string) => post('/api/auth/password-reset', { token, password: 'third-harbour-12' })
    for (const { token } of [promoted, joined, operating]) expect((await reset(token)).status).toBe(404)
    await run('DELETE FROM memberships WHERE person_id = ?', admin.personId)
    expect((await reset(freed.token)).status).toBe(404)
    await addMember(tenant.tenantId, admin.personId, 'admin')
    expect((await reset(freed.token)).status).toBe(200)
  })

  it('is not set anew by a link for oneself, nor by one from before it was changed', async () => {
    const { email, cookie } = await invitedPerson(tenant, 'viewer')
    const admin = await newPerson(tenant, 'admin')
    expect((await admin.api('POST', `/api/members/${admin.personId}/password-reset`)).status).toBe(403)
    const { personId } = await (await me(cookie)).json<{ personId: string }>()
    const made = await admin.api('POST', `/api/members/${personId}/password-reset`)
    const { token } = await made.json<{ token: string }>()
    const body = { current: goodPassword, password: 'another-harbour-7' }
    expect((await post('/api/auth/password', body, { cookie })).status).toBe(204)
    expect((await post('/api/auth/password-reset', { token, password: 'third-harbour-12' })).status).toBe(404)
    expect((await signIn(email, 'another-harbour-7')).status).toBe(200)
  })

  it('is not set anew by an admin of one tenant for a member of another', async () => {
    const elsewhere = await newTenant()
    const admin = await newPerson(tenant, 'admin')
    const shared = await newPerson(tenant, 'viewer')
    await env.DB.prepare("INSERT INTO memberships VALUES (?, ?, 'owner', 1)")
      .bind(elsewhere.tenantId, shared.personId)
      .run()
    const reset = (personId: string) => admin.api('POST', `/api/members/${personId}/password-reset`)
    expect((await reset(shared.personId)).status).toBe(403)
    expect((await reset((await newPerson(tenant, 'owner')).personId)).status).toBe(403)
    expect((await reset((await newPerson(tenant, 'viewer', { isOperator: true })).personId)).status).toBe(403)
    expect((await reset((await newPerson(elsewhere)).personId)).status).toBe(404)
    expect((await tenant.api('POST', `/api/members/${shared.personId}/password-reset`)).status).toBe(403)
  })
})

describe('signing in', () => {
  it('tells neither by answer nor by time whether an account exists', async () => {
    const tenant = await newTenant()
    const { email } = await invitedPerson(tenant, 'viewer')
    const without = await newPerson(tenant)
    const asked: Record<string, () => string> = {
      known: () => email,
      unknown: freshEmail,
      'without a password': () => without.email,
    }
    const times: Record<string, number[]> = {}
    const bodies = new Set<string>()
    for (let round = 0; round < 15; round++) {
      for (const [kind, address] of Object.entries(asked)) {
        const startedAt = performance.now()
        const answer = await signIn(address(), 'wrong-password-1', from(`192.0.2.${round}`))
        times[kind] = [...(times[kind] ?? []), performance.now() - startedAt]
        const { instance: _, ...body } = await answer.json<Problem & { instance: string }>()
        bodies.add(JSON.stringify(body))
        expect(answer.status).toBe(401)
      }
    }
    expect(bodies.size).toBe(1)
    const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0
    const spread = (list: number[]) => {
      const sorted = list.toSorted((a, b) => a - b)
      return (sorted[Math.floor(sorted.length * 0.9)] ?? 0) - (sorted[Math.floor(sorted.length * 0.1)] ?? 0)
    }
    const medians = Object.entries(times).map(([kind, list]) => [kind, median(list), spread(list)] as const)
    for (const [kind, ms, noise] of medians)
      console.info(`sign-in, ${kind}: median ${ms.toFixed(1)} ms, noise ${noise.toFixed(1)} ms`)
    const all = medians.map(([, ms]) => ms)
    const noise = Math.max(...medians.map(([, , ms]) => ms), 10)
    expect(Math.max(...all) - Math.min(...all)).toBeLessThan(noise)
  })

  it('lets nobody guess on, however many guesses come at once', async () => {
    const { email } = await invitedPerson(await newTenant(), 'viewer')
    const guesses = Array.from({ length: 20 }, (_, n) => signIn(email, `wrong-password-${n}`, from('198.51.100.7')))
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(5)
    expect(statuses.filter((status) => status === 429)).toHaveLength(15)
    const right = await signIn(email, goodPassword, from('198.51.100.7'))
    expect(right.status).toBe(429)
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(60)
  })

  it('is not closed to a person by strangers who guess from everywhere', async () => {
    const { email } = await invitedPerson(await newTenant(), 'viewer')
    const home = from('203.0.113.9')
    expect((await signIn(email, goodPassword, home)).status).toBe(200)
    const wrong = await Promise.all(
      Array.from({ length: 60 }, (_, n) => signIn(email, 'wrong-password', from(`198.51.${n}.1`))),
    )
    expect(wrong.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(10)
    expect((await signIn(email, goodPassword, from('198.51.100.200'))).status).toBe(429)
    expect((await signIn(email, goodPassword, home)).status).toBe(200)
  })

  it('lets no address try one password on every account, and takes an IPv6 subnet for one', async () => {
    const tries = Array.from({ length: 60 }, (_, n) =>
      signIn(freshEmail(), 'wrong-password', from(`2001:db8:1:2::${n.toString(16)}`)),
    )
    const statuses = (await Promise.all(tries)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(50)
    expect((await signIn(freshEmail(), 'wrong-password', from('2001:db8:1:3::1'))).status).toBe(401)
  })
})
