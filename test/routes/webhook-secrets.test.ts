import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import type { World } from '../../src/services/context.ts'
import { forgetTenantAccess } from '../../src/services/webhooks/tenant-access.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { hooked } from '../helpers/d1.ts'
import { openWebhook } from '../helpers/webhooks.ts'
import { history, newTenant, type Problem, type TestTenant } from '../helpers/world.ts'

const globalSecret = 'the-operators-own-secret-of-32-characters'
const migration = '0013_tenant_integration_secrets.sql'

/** A registry as it is before that migration and those after it. */
const unmigrated = hooked(env.DB, (statements) => {
  for (const { sql } of statements) {
    if (/tenant_integration_secrets|device_aliases/.test(sql)) {
      throw new Error('D1_ERROR: no such table: tenant_integration_secrets: SQLITE_ERROR')
    }
    if (/INSERT INTO webhook_inbox.*, mark/.test(sql)) {
      throw new Error('D1_ERROR: table webhook_inbox has no column named mark: SQLITE_ERROR')
    }
  }
})

const appOn = (db: D1Database) =>
  createApp(
    (): World => ({
      registry: openRegistry(db),
      telemetry: openTelemetryStore(env),
      platform: createPlatform(env),
      setupToken: undefined,
    }),
  )

let tenant: TestTenant
beforeEach(async () => {
  tenant = await newTenant()
  forgetTenantAccess()
})

async function post(
  db: D1Database,
  secret: string,
  body: unknown,
  configured: string | undefined = globalSecret,
  connector = 'generic',
) {
  const ctx = createExecutionContext()
  const url = `https://edge.test/api/v1/integrations/${connector}/telemetry?tenantId=${tenant.tenantId}`
  const request = new Request(url, {
    method: 'POST',
    headers: { 'x-webhook-secret': secret },
    body: JSON.stringify(body),
  })
  const bindings = { ...env, ...(configured !== undefined && { INTEGRATION_WEBHOOK_SECRET: configured }) } as Env
  const response = await appOn(db).fetch(request, bindings, ctx)
  await waitOnExecutionContext(ctx)
  return response
}

const audited = async () => {
  const { results } = await env.DB.prepare(
    "SELECT actor, action, address FROM audit_log WHERE tenant_id = ? AND action LIKE 'webhook_%' ORDER BY at",
  )
    .bind(tenant.tenantId)
    .all()
  return results
}

describe('the operators’ secret', () => {
  it('speaks for every tenant, and every use is in the audit log of the tenant', async () => {
    const device = await tenant.device()
    const response = await post(env.DB, globalSecret, { externalDeviceId: device.deviceId, a: 1 })
    expect(await response.json()).toMatchObject({ accepted: 1 })
    expect(await audited()).toEqual([{ actor: 'global_webhook_secret', action: 'webhook_called', address: 'local' }])
  })

  it('is none where it is shorter than 32 characters', async () => {
    for (const short of ['', 'x'.repeat(31)]) expect((await post(env.DB, short, {}, short)).status).toBe(401)
    expect((await post(env.DB, 'x'.repeat(32), {}, 'x'.repeat(32))).status).toBe(200)
  })

  it('stands beside the tenant’s own, which is not audited', async () => {
    const { secret } = await openWebhook(tenant)
    forgetTenantAccess()
    expect((await post(env.DB, secret, {})).status).toBe(200)
    expect((await audited()).map(({ action }) => action)).toEqual(['webhook_secret_rotated'])
  })
})

describe('without the migration of secrets', () => {
  it('a webhook says so by its name', async () => {
    const response = await post(unmigrated, 'whs_any', {})
    expect(response.status).toBe(503)
    const problem = await response.json<Problem>()
    expect(problem).toMatchObject({ code: 'migrations_pending' })
    expect(problem.detail).toContain(migration)
  })

  it('the operators’ secret works', async () => {
    const device = await tenant.device({ integration: { lorawan: { dev_eui: '0102030405060708' } } })
    expect(
      await (await post(unmigrated, globalSecret, { externalDeviceId: device.deviceId, a: 1 })).json(),
    ).toMatchObject({ accepted: 1 })
    const unnamed = { end_device_ids: { device_id: 'x' }, uplink_message: { f_port: 1, decoded_payload: { a: 1 } } }
    expect(await (await post(unmigrated, globalSecret, unnamed, globalSecret, 'ttn')).json()).toMatchObject({
      inboxed: 1,
    })
    expect(await history(device.deviceId)).toHaveLength(1)
  })

  it('the app side says so too', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/secret'],
      ['DELETE', '/secret'],
    ] as const) {
      const headers = { authorization: `Bearer ${tenant.apiKey}` }
      const init = { method, headers, ...(method === 'POST' && { body: '{}' }) }
      const response = await appOn(unmigrated).fetch(
        new Request(`https://edge.test/api/tenant/integrations${path}`, init),
        env,
        createExecutionContext(),
      )
      expect(response.status).toBe(503)
      expect((await response.json<Problem>()).detail).toContain(migration)
    }
  })
})
