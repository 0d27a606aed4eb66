// People on the production bundle: a browser's and an app's way, and Cloudflare Access with an issuer of our own.
import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type DemoServer, startDemoServer } from './server.ts'

const password = 'violet-harbour-41'
const owner = { email: 'owner@example.com', password, tenantName: 'Mine' }

function client(server: DemoServer) {
  return async (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', origin: server.url, ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return {
      status: response.status,
      cookie,
      body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
      text,
    }
  }
}

/** The first frame of a live feed, or the status that refused it. */
function firstOf(url: string, headers: Record<string, string>): Promise<string | number> {
  return new Promise((done, fail) => {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers })
    socket.on('unexpected-response', (_, response) => done(response.statusCode ?? 0))
    socket.on('message', (data) => {
      done(String(data))
      socket.close()
    })
    socket.on('error', fail)
  })
}

describe('a person', () => {
  let server: DemoServer
  let call: ReturnType<typeof client>
  let cookie = ''
  beforeAll(async () => {
    server = await startDemoServer()
    call = client(server)
  })
  afterAll(() => server?.stop())

  test('is the first on this machine without a token, once', async () => {
    const made = await call('POST', '/api/auth/onboarding', {}, owner)
    expect(made.status).toBe(201)
    expect(made.cookie).toMatch(/^session=acs_/)
    cookie = made.cookie
    expect((await call('POST', '/api/auth/onboarding', {}, owner)).status).toBe(409)
    expect((await call('GET', '/api/auth/me', { cookie })).body).toMatchObject({
      role: 'owner',
      tenants: [{ name: 'Demo' }],
    })
  })

  test('signs in again, and a page elsewhere does nothing with the cookie', async () => {
    const { cookie: second } = await call('POST', '/api/auth/sign-in', {}, owner)
    expect(
      (await call('POST', '/api/devices', { cookie: second, origin: 'https://evil.test' }, { name: 'x' })).status,
    ).toBe(403)
    expect((await call('POST', '/api/devices', { cookie: second }, { name: 'x' })).status).toBe(201)
    expect((await call('POST', '/api/auth/sign-out', { cookie: second })).status).toBe(204)
    expect((await call('GET', '/api/auth/me', { cookie: second })).status).toBe(401)
  })

  test('watches a device with the cookie, or with a ticket once', async () => {
    const url = `${server.url}/api/devices/${server.demo.devices.http?.id}/live`
    expect(await firstOf(url, { cookie, origin: server.url })).toContain('"')
    expect(await firstOf(url, { cookie, origin: 'https://evil.test' })).toBe(403)
    expect(await firstOf(url, { cookie })).toBe(403)
    const { ticket } = (await call('POST', '/api/auth/tickets', { cookie })).body
    expect(await firstOf(`${url}?ticket=${ticket}`, { origin: 'https://localhost' })).toContain('"')
    expect(await firstOf(`${url}?ticket=${ticket}`, { origin: 'https://localhost' })).toBe(401)
  })

  test('is let into a raced invitation alone', async () => {
    const { body } = await call('POST', '/api/invitations', { cookie }, { email: 'new@example.com', role: 'viewer' })
    const accept = () => call('POST', '/api/auth/invitations/accept', {}, { token: body.token, password })
    const statuses = (await Promise.all(Array.from({ length: 20 }, accept))).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(Math.max(...statuses)).toBeLessThan(500)
  })

  test('revokes a key, which is refused within a second', async () => {
    const made = (await call('POST', '/api/api-keys', { cookie }, { name: 'k', scopes: ['read'] })).body
    const use = () => call('GET', '/api/devices', { authorization: `Bearer ${made.apiKey}` })
    expect((await use()).status).toBe(200)
    await call('DELETE', `/api/api-keys/${made.id}`, { cookie })
    const revokedAt = performance.now()
    expect((await use()).status).toBe(401)
    expect(performance.now() - revokedAt).toBeLessThan(1_000)
  })

  test('who fails and guesses leaves no credential in the log', async () => {
    const { body } = await call('POST', '/api/auth/tickets', { cookie })
    const nowhere = `${server.url}/api/devices/${crypto.randomUUID()}/live?ticket=${body.ticket}`
    expect(await firstOf(nowhere, { origin: server.url })).toBe(404)
    for (let n = 0; n < 8; n++) await call('POST', '/api/auth/sign-in', {}, { ...owner, password: 'wrong-password-x' })
    const text = server.logged.join('\n')
    for (const hidden of [password, 'wrong-password-x', cookie.split('=')[1] ?? '', String(body.ticket), owner.email]) {
      expect(text).not.toContain(hidden)
    }
  })
})

describe('Cloudflare Access', () => {
  let server: DemoServer
  let issuerServer: Server
  let issuer: string
  let sign: (email: string) => Promise<string>
  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }] }
    issuerServer = createServer((request, response) => {
      response.statusCode = request.url === '/cdn-cgi/access/certs' ? 200 : 404
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(keys))
    })
    await new Promise<void>((done) => issuerServer.listen(0, '127.0.0.1', done))
    const address = issuerServer.address()
    issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    sign = (email) =>
      new SignJWT({ email })
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuedAt()
        .setIssuer(issuer)
        .setAudience('app')
        .setExpirationTime('5m')
        .sign(privateKey)
    server = await startDemoServer({ ACCESS_TEAM_DOMAIN: issuer, ACCESS_AUDIENCE: 'app' })
  })
  afterAll(async () => {
    issuerServer?.close()
    await server?.stop()
  })

  test('vouches for people, whose cookie alone is worth nothing', async () => {
    const call = client(server)
    await call('POST', '/api/auth/onboarding', {}, owner)
    expect((await call('POST', '/api/auth/sign-in', {}, owner)).status).toBe(403)
    const assertion = { 'cf-access-jwt-assertion': await sign(owner.email) }
    const { status, cookie } = await call('POST', '/api/auth/access', assertion)
    expect(status).toBe(200)
    expect((await call('GET', '/api/auth/me', { ...assertion, cookie })).body).toMatchObject({ email: owner.email })
    expect((await call('GET', '/api/auth/me', { cookie })).status).toBe(401)
    expect(
      (await call('POST', '/api/auth/access', { 'cf-access-jwt-assertion': await sign('x@example.com') })).status,
    ).toBe(403)
  })
})
