import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import { connectors } from '../../src/connectors/index.ts'
import { errorCatalog } from '../../src/domain/errors.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import { operationOf } from '../../src/routes/operation.ts'
import type { World } from '../../src/services/context.ts'
import { sha256 } from '../../src/services/secrets.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { hooked } from '../helpers/d1.ts'
import { newTenant, request } from '../helpers/world.ts'

interface OpenApi {
  readonly openapi: string
  readonly paths: Record<
    string,
    Record<string, { operationId: string; responses: Record<string, unknown>; security: unknown[] }>
  >
  readonly components: { readonly schemas: Record<string, unknown> }
}

describe('the OpenAPI document', () => {
  it('describes every route once, with its errors', async () => {
    const document = await (await request('GET', '/api/openapi.json')).json<OpenApi>()
    expect(document.openapi).toBe('3.1.0')
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const app = createApp(() => ({}) as World)
    const mounted = app.routes
      .filter(({ handler }) => operationOf(handler))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    expect(described.sort()).toEqual(mounted.sort())
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    for (const { responses } of operations) {
      const statuses = Object.keys(responses)
      expect(statuses.some((status) => status.startsWith('2'))).toBe(!statuses.includes('501'))
    }
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name as string,
    )
    expect(refs.length).toBeGreaterThan(0)
    for (const name of refs) expect(document.components.schemas[name]).toBeDefined()
  })

  it('states answers that the routes really give', async () => {
    const tenant = await newTenant()
    const { deviceId } = await tenant.device()
    const app = createApp(() => ({}) as World)
    const checks = [
      ['GET', '/api/devices', '/api/devices'],
      ['GET', '/api/devices/:id', `/api/devices/${deviceId}`],
      ['GET', '/api/tenant', '/api/tenant'],
      ['GET', '/api/api-keys', '/api/api-keys'],
      ['GET', '/api/devices/types', '/api/devices/types'],
      ['GET', '/api/devices/:id/telemetry/latest', `/api/devices/${deviceId}/telemetry/latest`],
      ['GET', '/healthz', '/healthz'],
      ['GET', '/api/v1/connectivity/catalog', '/api/v1/connectivity/catalog'],
    ] as const
    for (const [method, path, url] of checks) {
      const route = app.routes.find(
        (entry) => entry.method === method && entry.path === path && operationOf(entry.handler),
      )
      const schema = route && operationOf(route.handler)?.response
      const response = await tenant.api(method, url)
      expect(response.status).toBe(200)
      expect(schema?.safeParse(await response.json()).error).toBeUndefined()
    }
  })
})

describe('the catalog', () => {
  it('lists every connector with an endpoint that works from here', async () => {
    const catalog = await (await request('GET', '/api/v1/connectivity/catalog')).json<{
      transports: {
        id: string
        transport: string
        endpoint: string
        example: { body: unknown }
        contentTypes: string[]
      }[]
    }>()
    expect(catalog.transports.map(({ id }) => id)).toEqual(connectors.map(({ id }) => id))
    const device = await (await newTenant()).device()
    for (const { transport, endpoint, example, contentTypes } of catalog.transports) {
      if (
        transport !== 'http' ||
        !endpoint.includes('{deviceToken}') ||
        !contentTypes.includes('application/json') ||
        JSON.stringify(example).includes('childDeviceId')
      )
        continue
      const url = new URL(endpoint.replace('{deviceToken}', device.token))
      const response = await request('POST', url.pathname, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(example.body),
      })
      expect(response.status).toBe(200)
    }
  })

  it('names the configured origin', async () => {
    const app = createApp(() => ({ registry: openRegistry(env.DB), telemetry: openTelemetryStore(env) }) as World)
    const configured = { ...env, PUBLIC_API_BASE_URL: 'https://iot.example.com/' }
    const response = await app.request('/api/v1/connectivity/catalog', {}, configured)
    expect(await response.json()).toMatchObject({
      baseUrl: 'https://iot.example.com',
      host: 'iot.example.com',
      port: 443,
    })
  })
})

describe('the service', () => {
  it('tells its health', async () => {
    expect(await (await request('GET', '/health')).json()).toMatchObject({ status: 'ok', service: 'autoconnecto-edge' })
    expect(await (await request('GET', '/healthz')).json()).toMatchObject({ status: 'ok', postgres: 'ok', redis: 'ok' })
  })

  it('lists its error codes', async () => {
    const { codes } = await (await request('GET', '/api/errors')).json<{ codes: object }>()
    expect(Object.keys(codes)).toEqual(Object.keys(errorCatalog))
  })

  it('lets browsers act as devices', async () => {
    const response = await request('OPTIONS', '/api/v1/some-token/telemetry', {
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('answers what it does not have with 404', async () => {
    expect(await (await request('GET', '/api/nothing')).json()).toMatchObject({ status: 404, code: 'not_found' })
  })

  const worldWith = (db: D1Database): World => ({
    registry: openRegistry(db),
    telemetry: openTelemetryStore(env),
    platform: createPlatform(env),
    setupToken: undefined,
  })

  it('answers 503 with Retry-After while the registry is away', async () => {
    const app = createApp(() =>
      worldWith(
        hooked(env.DB, () => {
          throw new Error('D1_ERROR: Network connection lost.')
        }),
      ),
    )
    for (const [method, path] of [
      ['POST', '/api/v1/any-token/telemetry'],
      ['GET', '/api/devices'],
    ] as const) {
      const response = await app.request(
        path,
        { method, headers: { authorization: 'Bearer ace_x' }, ...(method === 'POST' && { body: '{}' }) },
        env,
      )
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBeTruthy()
      expect(await response.json()).toMatchObject({ code: 'unavailable', retryable: true })
    }
    expect((await app.request('/healthz', {}, env)).status).toBe(503)
  })

  it('makes no tenant where no SETUP_TOKEN is set', async () => {
    const app = createApp(() => worldWith(env.DB))
    const response = await app.request(
      '/api/tenants',
      { method: 'POST', headers: { authorization: 'Bearer undefined' }, body: '{"name":"x"}' },
      env,
    )
    expect(response.status).toBe(401)
  })

  it('tells nobody what went wrong inside, and logs no credential', async () => {
    const lines: string[] = []
    const spy = vi.spyOn(console, 'error').mockImplementation((line: string) => lines.push(line))
    const app = createApp(() =>
      worldWith(
        hooked(env.DB, () => {
          throw new TypeError('SELECT secret FROM somewhere')
        }),
      ),
    )
    const response = await app.request('/api/devices', { headers: { authorization: 'Bearer ace_x' } }, env)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    spy.mockRestore()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('request_failed')
    expect(lines[0]).not.toContain(sha256('ace_x'))
  })
})
