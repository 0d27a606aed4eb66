import { env } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import type { Command } from '../../src/domain/command.ts'
import type { TenantId } from '../../src/domain/ids.ts'
import type { NetworkRoute } from '../../src/domain/network-route.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import type { ServiceContext } from '../../src/services/context.ts'
import { handToNetwork } from '../../src/services/downlinks/hand-to-network.ts'
import { setChirpstackApi } from '../../src/services/downlinks/set-chirpstack-api.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { NetworkServer } from '../helpers/network-server.ts'
import { openWebhook } from '../helpers/webhooks.ts'
import { newTenant, request } from '../helpers/world.ts'

const registry = openRegistry(env.DB)
const push = 'https://eu1.cloud.thethings.network/push'
const command: Command = {
  ...{ id: 'c', requestId: 'c', method: 'm', params: { bytes: 'AQ==' }, twoWay: true, persistent: true },
  ...{ timeoutMs: 1_000, createdAt: Date.now(), expiresAt: Date.now() + 60_000 },
}

afterEach(() => vi.restoreAllMocks())

it('says which secret is missing where no key can be kept, and asks nobody', async () => {
  const tenant = await newTenant()
  const tenantId = tenant.tenantId as TenantId
  const server = NetworkServer.open()
  const route: NetworkRoute = { server: 'ttn', target: { push, replace: push, key: null } }
  for (const sealingSecret of [undefined, 'short']) {
    const ctx: ServiceContext = {
      ...{ registry, telemetry: openTelemetryStore(env), platform: createPlatform(env), setupToken: undefined },
      ...{ tenantId, principal: { kind: 'webhook', tenantId }, now: Date.now(), baseUrl: '', sealingSecret },
      background: () => undefined,
    }
    expect(await handToNetwork({ ctx, input: { tenantId, route, command } })).toMatchObject({
      kind: 'refused',
      code: 'downlink_not_set_up',
      detail: expect.stringContaining('SEALING_SECRET'),
    })
    const setting = setChirpstackApi({ ctx, input: { apiUrl: 'https://cs.example.com', apiKey: 'k' } })
    await expect(setting).rejects.toMatchObject({
      code: 'not_offered',
      detail: expect.stringContaining('SEALING_SECRET'),
    })
  }
  expect(server.asked).toEqual([])
})

it('keeps a key that came with a call of an unknown device sealed, and uses it once the device is approved', async () => {
  const tenant = await newTenant()
  const hook = await openWebhook(tenant)
  const server = NetworkServer.open()
  const body = {
    end_device_ids: { device_id: 'new', application_ids: { application_id: 'app' }, dev_eui: '70B3D57ED0009999' },
    uplink_message: { f_port: 1, decoded_payload: { a: 1 }, received_at: new Date().toISOString() },
  }
  const headers = { 'x-downlink-apikey': 'NNSXS.IN-THE-INBOX', 'x-downlink-push': push, 'x-downlink-replace': push }
  await hook.post('ttn', body, { headers })
  const { results } = await env.DB.prepare('SELECT * FROM webhook_inbox WHERE tenant_id = ?')
    .bind(tenant.tenantId)
    .all()
  expect(results).toHaveLength(1)
  expect(JSON.stringify(results)).not.toContain('IN-THE-INBOX')
  const entry = `/api/tenant/integrations/inbox/${results[0]?.id}`
  expect(await (await tenant.api('GET', entry)).text()).not.toContain('downlink')
  const { deviceId } = await (await tenant.api('POST', `${entry}/approve`, {})).json<{ deviceId: string }>()
  const path = `/api/devices/${deviceId}/commands`
  const sent = await tenant.api('POST', path, { method: 'set', params: { bytes: 'AQ==' } })
  expect(await sent.json()).toMatchObject({ state: 'queued', transport: 'ttn' })
  expect(server.asked[0]?.headers.get('authorization')).toBe('Bearer NNSXS.IN-THE-INBOX')
})

it('lets nobody set an address who may not', async () => {
  const answer = await request('PUT', '/api/tenant/integrations/chirpstack', { body: '{}' })
  expect(answer.status).toBe(401)
})
