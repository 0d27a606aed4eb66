import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import { openAccess, verifyingWith } from '../../src/services/people/access.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { cookieOf, freshEmail, goodPassword, invitedPerson, origin } from '../helpers/people.ts'
import { newTenant, type TestTenant } from '../helpers/world.ts'

const issuer = 'https://team.cloudflareaccess.test'
const audience = 'the-application'

let tenant: TestTenant
let sign: (claims: JWTPayload, overrides?: { issuer?: string; audience?: string; expires?: string }) => Promise<string>
let forge: (claims: JWTPayload) => Promise<string>
let call: (method: string, path: string, headers?: Record<string, string>, body?: unknown) => Promise<Response>

beforeAll(async () => {
  tenant = await newTenant()
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }
  const signer =
    (key: CryptoKey) =>
    (claims: JWTPayload, overrides: { issuer?: string; audience?: string; expires?: string } = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuedAt()
        .setIssuer(overrides.issuer ?? issuer)
        .setAudience(overrides.audience ?? audience)
        .setExpirationTime(overrides.expires ?? '5m')
        .sign(key)
  sign = signer(privateKey)
  forge = signer((await generateKeyPair('RS256')).privateKey)
  const access = verifyingWith(issuer, audience, createLocalJWKSet({ keys: [jwk] }))
  const world = {
    registry: openRegistry(env.DB),
    telemetry: openTelemetryStore(env),
    platform: createPlatform(env),
    setupToken: undefined,
    access,
  }
  const app = createApp(() => world)
  call = async (method, path, headers = {}, body) => {
    const ctx = createExecutionContext()
    const init = { method, headers: { origin, ...headers }, ...(body !== undefined && { body: JSON.stringify(body) }) }
    const response = await app.fetch(new Request(`${origin}${path}`, init), env, ctx)
    await waitOnExecutionContext(ctx)
    return response
  }
})

const enter = (assertion?: string) =>
  call('POST', '/api/auth/access', assertion === undefined ? {} : { 'cf-access-jwt-assertion': assertion })

describe('Cloudflare Access', () => {
  it('is off unless both its address and its audience are set', () => {
    expect(openAccess('', '')).toBeUndefined()
    expect(openAccess(issuer, ' ')).toBeUndefined()
    expect(openAccess('', audience)).toBeUndefined()
    expect(openAccess(issuer, audience)).toBeDefined()
  })

  it('signs in whom it vouches for, where the person was invited', async () => {
    const { email } = await invitedPerson(tenant, 'admin')
    const assertion = await sign({ email: email.toUpperCase() })
    const cookie = cookieOf(await enter(assertion))
    const headers = { cookie, 'cf-access-jwt-assertion': assertion }
    expect(await (await call('GET', '/api/auth/me', headers)).json()).toMatchObject({ email, role: 'admin' })
    expect((await enter(await sign({ email: freshEmail() }))).status).toBe(403)
  })

  it('believes nobody else’s word', async () => {
    const { email } = await invitedPerson(tenant, 'admin')
    const forged = [
      await forge({ email }),
      await sign({ email }, { issuer: 'https://other.cloudflareaccess.test' }),
      await sign({ email }, { audience: 'another-application' }),
      await sign({ email }, { expires: '-1m' }),
      await sign({}),
      `${btoa('{"alg":"none"}').replaceAll('=', '')}.${btoa(JSON.stringify({ email, iss: issuer, aud: audience })).replaceAll('=', '')}.`,
      'nonsense',
    ]
    for (const assertion of forged) expect((await enter(assertion)).status).toBe(401)
    expect((await enter()).status).toBe(401)
  })

  it('is asked with every request of a person: a cookie alone, or another’s, opens nothing', async () => {
    const { email } = await invitedPerson(tenant, 'admin')
    const cookie = cookieOf(await enter(await sign({ email })))
    expect((await call('GET', '/api/auth/me', { cookie })).status).toBe(401)
    const others = { cookie, 'cf-access-jwt-assertion': await sign({ email: freshEmail() }) }
    expect((await call('GET', '/api/auth/me', others)).status).toBe(401)
  })

  it('takes the place of passwords', async () => {
    const { email } = await invitedPerson(tenant, 'viewer')
    const refused = await call('POST', '/api/auth/sign-in', {}, { email, password: goodPassword })
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ reason: 'access_only' })
    const invited = await tenant.api('POST', '/api/invitations', { email: 'by-access@example.com', role: 'viewer' })
    const { token } = await invited.json<{ token: string }>()
    const assertion = { 'cf-access-jwt-assertion': await sign({ email: 'by-access@example.com' }) }
    const accepted = await call('POST', '/api/auth/invitations/accept', assertion, { token })
    expect(accepted.status).toBe(200)
    const me = await call('GET', '/api/auth/me', { ...assertion, cookie: cookieOf(accepted) })
    expect(await me.json()).toMatchObject({ hasPassword: false, role: 'viewer' })
  })

  it('stands in no device’s way', async () => {
    const { token } = await tenant.device()
    const sent = await call('POST', `/api/v1/${token}/telemetry`, { 'content-type': 'application/json' }, { a: 1 })
    expect(sent.status).toBe(200)
  })
})
