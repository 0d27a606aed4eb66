import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { newTenant, request } from '../helpers/world.ts'

const world = {
  registry: openRegistry(env.DB),
  telemetry: openTelemetryStore(env),
  platform: createPlatform(env),
  setupToken: undefined,
}
const listed = 'https://app.example.com'

async function callListed(method: string, headers: Record<string, string>): Promise<Response> {
  const ctx = createExecutionContext()
  const bindings = { ...env, WEB_ORIGINS: `${listed}, https://localhost/` } as Env
  const target = new Request('https://edge.test/api/devices', { method, headers })
  const response = await createApp(() => world).fetch(target, bindings, ctx)
  await waitOnExecutionContext(ctx)
  return response
}

describe('an answer', () => {
  it('is no page, is in no frame and is kept nowhere, also when it is an error', async () => {
    const tenant = await newTenant()
    for (const answer of [
      await tenant.api('GET', '/api/devices'),
      await request('GET', '/api/devices'),
      await request('GET', '/api/nothing'),
    ]) {
      expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('x-frame-options')).toBe('DENY')
      expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000')
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    }
  })

  it('is read by pages of our own and of listed origins only', async () => {
    const foreign = await request('GET', '/api/devices', { headers: { origin: 'https://evil.test' } })
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
    const ask = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
    for (const origin of [listed, 'https://localhost']) {
      const preflight = await callListed('OPTIONS', { origin, ...ask })
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
      expect(preflight.headers.get('access-control-allow-credentials')).toBe('true')
    }
    const refused = await callListed('OPTIONS', { origin: 'https://app.example.com.evil.test', ...ask })
    expect(refused.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('of a device door is read by any page, without a cookie', async () => {
    const open = await request('GET', '/api/v1/connectivity/catalog', { headers: { origin: 'https://any.test' } })
    expect(open.headers.get('access-control-allow-origin')).toBe('*')
    expect(open.headers.get('access-control-allow-credentials')).toBeNull()
  })

  it('to too long a body comes before it is read', async () => {
    const sent = await request('POST', '/api/auth/sign-in', { body: 'x'.repeat(300_000) })
    expect(sent.status).toBe(413)
  })
})
