// Real sockets on both sides: fake network servers that our production bundle calls, and that call its webhooks.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startLocalServer } from '../../scripts/local-server.ts'

const devEui = '70b3d57ed0004321'
const dir = mkdtempSync(join(tmpdir(), 'autoconnecto-downlinks-'))
let edge: Awaited<ReturnType<typeof startLocalServer>>
let network: Server
let host: string
let asked: { readonly path: string; readonly key: string | undefined; readonly body: Record<string, unknown> }[] = []
let behave: 'well' | 'redirect' | 'never' | 'endless' = 'well'

beforeAll(async () => {
  network = createServer(async (request, response) => {
    asked.push({ path: request.url ?? '', key: request.headers.authorization, body: await bodyOf(request) })
    if (behave === 'never') return
    if (behave === 'redirect') return void response.writeHead(307, { location: `http://${host}/elsewhere` }).end()
    response.writeHead(200, { 'content-type': 'application/json' })
    if (behave === 'endless') {
      const timer = setInterval(() => response.write('x'.repeat(64 * 1024)), 1)
      return void response.on('close', () => clearInterval(timer))
    }
    response.end(JSON.stringify({ id: `item-${asked.length}` }))
  })
  await new Promise<void>((resolve) => network.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(network.address() as AddressInfo).port}`
  edge = await startLocalServer({
    port: 0,
    stateDir: join(dir, 'state'),
    outDir: join(dir, 'worker'),
    vars: { SETUP_TOKEN: 's', SEALING_SECRET: 'e2e sealing secret of 32 characters', OUTGOING_LOOPBACK: 'allowed' },
    quiet: true,
  })
})
afterEach(() => {
  asked = []
  behave = 'well'
})
afterAll(async () => {
  await edge?.stop()
  network?.closeAllConnections()
  network?.close()
  rmSync(dir, { recursive: true, force: true })
})

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request) text += chunk
  return JSON.parse(text || '{}') as Record<string, unknown>
}

interface Sent {
  readonly id: string
  readonly state: string
  readonly code?: string
}

async function openTenant() {
  const call = async <T>(key: string, method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const response = await fetch(`${edge.url}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return (await response.json()) as T
  }
  const { tenantId, apiKey } = await call<{ tenantId: string; apiKey: string }>('s', 'POST', '/api/tenants', {
    name: 'T',
  })
  const api = <T>(method: string, path: string, body?: unknown) => call<T>(apiKey, method, path, body)
  const { secret } = await api<{ secret: string }>('POST', '/api/tenant/integrations/secret', {})
  const device = { name: 'Valve', integration: { lorawan: { dev_eui: devEui } } }
  const { deviceId } = await api<{ deviceId: string }>('POST', '/api/devices', device)
  return {
    api,
    async post(connector: string, body: unknown, headers: Record<string, string> = {}, query = '') {
      const url = `${edge.url}/api/v1/integrations/${connector}/telemetry?tenantId=${tenantId}${query}`
      const all = { 'x-webhook-secret': secret, 'content-type': 'application/json', ...headers }
      const response = await fetch(url, { method: 'POST', headers: all, body: JSON.stringify(body) })
      expect(response.status).toBe(200)
    },
    send: (params: unknown) => api<Sent>('POST', `/api/devices/${deviceId}/commands`, { method: 'set', params }),
    read: ({ id }: Sent) => api<Sent>('GET', `/api/devices/${deviceId}/commands/${id}`),
  }
}

const end_device_ids = { device_id: 'valve', application_ids: { application_id: 'app' }, dev_eui: devEui }
const headers = () => ({
  'x-downlink-apikey': 'NNSXS.KEY',
  'x-downlink-push': `http://${host}/down/push`,
  'x-downlink-replace': `http://${host}/down/replace`,
})

test('The Things Stack is pushed a command, and its words are followed', async () => {
  const tenant = await openTenant()
  await tenant.post('ttn', { end_device_ids, uplink_message: { f_port: 1, decoded_payload: { a: 1 } } }, headers())
  expect(await tenant.send({ bytes: 'AQ==' }), 'before its host is allowed').toMatchObject({
    code: 'downlink_host_refused',
  })
  expect(asked).toEqual([])
  await tenant.api('PATCH', '/api/tenant/integrations', { downlinkHosts: [host] })
  const command = await tenant.send({ bytes: 'AQ==', fPort: 3 })
  expect(command).toMatchObject({ state: 'queued', transport: 'ttn' })
  expect(asked).toMatchObject([{ path: '/down/push', key: 'Bearer NNSXS.KEY' }])
  const [{ body }] = asked as [(typeof asked)[number]]
  const { downlinks } = body as { downlinks: { correlation_ids: string[] }[] }
  const states: string[] = []
  for (const word of ['downlink_queued', 'downlink_sent', 'downlink_ack']) {
    await tenant.post('ttn', { end_device_ids, [word]: downlinks[0], received_at: new Date().toISOString() })
    states.push((await tenant.read(command)).state)
  }
  expect(states).toEqual(['queued', 'sent', 'delivered'])
})

test('ChirpStack is given a command, and its words are followed', async () => {
  const tenant = await openTenant()
  await tenant.api('PUT', '/api/tenant/integrations/chirpstack', { apiUrl: `http://${host}`, apiKey: 'chirp-key' })
  const own = () => ({ deduplicationId: crypto.randomUUID(), time: new Date().toISOString(), deviceInfo: { devEui } })
  await tenant.post('chirpstack', { ...own(), devAddr: '01020304', fPort: 1, object: { a: 1 } }, {}, '&event=up')
  const command = await tenant.send({ object: { valve: 'open' }, fPort: 5 })
  expect(asked).toMatchObject([
    {
      path: `/api/devices/${devEui}/queue`,
      key: 'Bearer chirp-key',
      body: { queueItem: { object: { valve: 'open' }, fPort: 5, confirmed: true } },
    },
  ])
  await tenant.post('chirpstack', { ...own(), downlinkId: 9, queueItemId: 'item-1' }, {}, '&event=txack')
  expect(await tenant.read(command)).toMatchObject({ state: 'sent' })
  await tenant.post('chirpstack', { ...own(), queueItemId: 'item-1', acknowledged: false }, {}, '&event=ack')
  expect(await tenant.read(command)).toMatchObject({ state: 'failed' })
})

test('a server that redirects, is silent or does not end is no trouble of ours', async () => {
  const tenant = await openTenant()
  await tenant.api('PATCH', '/api/tenant/integrations', { downlinkHosts: [host] })
  await tenant.post('ttn', { end_device_ids, uplink_message: { f_port: 1, decoded_payload: { a: 1 } } }, headers())
  behave = 'redirect'
  expect(await tenant.send({ bytes: 'AQ==' })).toMatchObject({ state: 'failed', code: 'downlink_refused' })
  expect(asked.map(({ path }) => path)).toEqual(['/down/push'])
  behave = 'endless'
  expect(await tenant.send({ bytes: 'AQ==' })).toMatchObject({ state: 'queued' })
  behave = 'never'
  const startedAt = performance.now()
  expect(await tenant.send({ bytes: 'AQ==' })).toMatchObject({ state: 'failed', code: 'network_unreachable' })
  // Ours is cut off after 5 s; the server beside it never ends.
  expect(performance.now() - startedAt).toBeLessThan(30_000)
})
