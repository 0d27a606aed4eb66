import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NetworkServer } from '../helpers/network-server.ts'
import { openWebhook, type Webhook } from '../helpers/webhooks.ts'
import { newTenant, type Problem, type TestDevice, type TestTenant } from '../helpers/world.ts'

const devEui = '70b3d57ed0001234'
const host = 'eu1.cloud.thethings.network'
const base = `https://${host}/api/v3/as/applications/app1/webhooks/hook1/devices/dev1/down`
const key = 'NNSXS.A-DOWNLINK-KEY.THAT-STAYS-SECRET'
const headers = {
  'x-tts-domain': host,
  'x-downlink-apikey': key,
  'x-downlink-push': `${base}/push`,
  'x-downlink-replace': `${base}/replace`,
}

let tenant: TestTenant
let hook: Webhook
let device: TestDevice
let server: NetworkServer
let count = 0

beforeEach(async () => {
  tenant = await newTenant()
  hook = await openWebhook(tenant)
  device = await tenant.device({ integration: { lorawan: { dev_eui: devEui } } })
  server = NetworkServer.open()
})
afterEach(() => vi.restoreAllMocks())

const ids = { device_id: 'dev1', application_ids: { application_id: 'app1' }, dev_eui: devEui.toUpperCase() }

/** An uplink by The Things Stack, whose webhook has a downlink API key. */
async function ttnUplink(more: Record<string, string> = headers): Promise<void> {
  const body = {
    end_device_ids: ids,
    correlation_ids: [`gs:uplink:${++count}`],
    uplink_message: { f_cnt: count, f_port: 1, frm_payload: 'AQ==', decoded_payload: { a: count } },
  }
  const answer = await hook.post('ttn', body, { headers: more })
  expect(await answer.json()).toMatchObject({ accepted: 1 })
}

async function ttnSays(what: string, id: string, more: object = {}): Promise<void> {
  const downlink = { f_port: 1, correlation_ids: [`as:downlink:${++count}`, id], ...more }
  const content = what === 'downlink_failed' ? { downlink, error: { message_format: 'no gateway' } } : downlink
  const received_at = new Date().toISOString()
  await hook.answer('ttn', { end_device_ids: ids, received_at, [what]: content })
}

interface Command {
  readonly id: string
  readonly state: string
  readonly success: boolean
  readonly code?: string
  readonly message?: string
  readonly transport?: string
  readonly result?: { readonly code: string }
  readonly sentAt: number | null
  readonly deliveredAt: number | null
  readonly finishedAt: number | null
  readonly method: string
  readonly params: unknown
}

async function send(params: unknown = { bytes: 'AQID' }, more: object = {}): Promise<Command> {
  const sent = await tenant.api('POST', `/api/devices/${device.deviceId}/commands`, { method: 'set', params, ...more })
  expect(sent.status).toBe(200)
  return sent.json<Command>()
}

const read = async ({ id }: { readonly id: string }) =>
  (await tenant.api('GET', `/api/devices/${device.deviceId}/commands/${id}`)).json<Command>()
const object = () => env.DEVICE_OBJECT.getByName(device.deviceId)

describe('by The Things Stack', () => {
  beforeEach(() => ttnUplink())

  it('a command goes to the captured address with its key, under our id', async () => {
    const command = await send({ bytes: 'AQID', fPort: 7 })
    expect(command).toMatchObject({ success: true, state: 'queued', transport: 'ttn' })
    const [asked, ...more] = server.asked
    expect(more).toEqual([])
    expect(asked?.url.href).toBe(`${base}/push`)
    expect(asked?.headers.get('authorization')).toBe(`Bearer ${key}`)
    expect(asked?.body).toEqual({
      downlinks: [
        { frm_payload: 'AQID', f_port: 7, priority: 'NORMAL', confirmed: true, correlation_ids: [command.id] },
      ],
    })
  })

  it('is queued, sent, and delivered by the device’s own word alone', async () => {
    const command = await send()
    await ttnSays('downlink_queued', command.id)
    expect(await read(command)).toMatchObject({ state: 'queued', sentAt: null, finishedAt: null })
    await ttnSays('downlink_sent', command.id)
    expect(await read(command)).toMatchObject({ state: 'sent', deliveredAt: null, finishedAt: null })
    await ttnSays('downlink_ack', command.id)
    const delivered = await read(command)
    expect(delivered).toMatchObject({ state: 'delivered', deliveredAt: expect.any(Number) })
    expect(delivered.finishedAt).toBe(delivered.deliveredAt)
    await ttnSays('downlink_sent', command.id)
    await ttnSays('downlink_nack', command.id)
    expect(await read(command), 'late words change nothing').toEqual(delivered)
  })

  it('is over when it was sent, where the device need not confirm it', async () => {
    const command = await send({ bytes: 'AQ==', confirmed: false })
    expect(server.asked[0]?.body).toMatchObject({ downlinks: [{ confirmed: false }] })
    await ttnSays('downlink_sent', command.id)
    expect(await read(command)).toMatchObject({ state: 'sent', deliveredAt: null, finishedAt: expect.any(Number) })
  })

  it.each([
    ['downlink_nack', 'downlink_nacked'],
    ['downlink_failed', 'downlink_failed'],
  ])('%s ends it as failed: %s', async (what, code) => {
    const command = await send()
    await ttnSays(what, command.id)
    expect(await read(command)).toMatchObject({ state: 'failed', result: { code }, deliveredAt: null })
  })

  it('is delivered after all where the device confirms a repetition', async () => {
    const command = await send()
    await ttnSays('downlink_nack', command.id)
    await ttnSays('downlink_ack', command.id)
    expect(await read(command)).toMatchObject({ state: 'delivered' })
  })

  it('fails with the queue that it was in', async () => {
    const [one, two] = [await send(), await send()]
    const downlinks = [one, two].map(({ id }) => ({ correlation_ids: [id] }))
    await hook.answer('ttn', { end_device_ids: ids, downlink_queue_invalidated: { downlinks, last_f_cnt_down: 3 } })
    for (const command of [one, two]) {
      expect(await read(command)).toMatchObject({ state: 'failed', result: { code: 'downlink_invalidated' } })
    }
  })

  it('takes the place of what waits there, where it says so', async () => {
    const [one, two] = [await send(), await send({ bytes: 'AQ==', replace: true })]
    expect(server.asked[1]?.url.href).toBe(`${base}/replace`)
    expect(await read(one)).toMatchObject({ state: 'cancelled', result: { code: 'downlink_replaced' } })
    expect(await read(two)).toMatchObject({ state: 'queued' })
  })

  it('stays in the queue there when it is cancelled here, which is said', async () => {
    const [left, sent] = [await send(), await send()]
    await ttnSays('downlink_sent', sent.id)
    const cancel = async ({ id }: Command) =>
      (await tenant.api('DELETE', `/api/devices/${device.deviceId}/commands/${id}`)).json<Command>()
    expect(await cancel(left)).toMatchObject({
      state: 'cancelled',
      message: expect.stringContaining('"replace": true'),
    })
    expect((await cancel(sent)).message, 'nothing of it is left there').toBeUndefined()
    await ttnSays('downlink_sent', left.id)
    expect(await read(left), 'sent all the same').toMatchObject({ state: 'cancelled' })
  })

  it('says that an encoder is needed there, where the params hold no bytes', async () => {
    expect((await send({ level: 3 })).message).toContain('encoder')
    expect((await send({ bytes: 'AQ==' })).message).toBeUndefined()
    const attributes = { interval: 60 }
    await tenant.api('POST', `/api/devices/${device.deviceId}/attributes`, { scope: 'SHARED', attributes })
    await ttnSays('downlink_queued', 'any', { decoded_payload: { attributes } })
    const events = await (await tenant.api('GET', `/api/devices/${device.deviceId}/events`)).text()
    expect(events).toContain('without bytes')
  })

  it('gives the formatter what a socket would be told, where the params hold no bytes', async () => {
    await send({ level: 3 })
    await send({ object: { led: 'on' } })
    expect(server.asked.map(({ body }) => body)).toMatchObject([
      { downlinks: [{ decoded_payload: { method: 'set', params: { level: 3 } }, f_port: 1 }] },
      { downlinks: [{ decoded_payload: { led: 'on' } }] },
    ])
  })

  it.each([{ bytes: 'no base64!' }, { bytes: 'A'.repeat(400) }, { fPort: 0 }, { fPort: 224 }, { confirmed: 'yes' }])(
    'refuses params %j, and asks nobody',
    async (params) => {
      expect(await send(params)).toMatchObject({ success: false, state: 'failed', code: 'downlink_invalid' })
      expect(server.asked).toEqual([])
    },
  )

  it('tells shared attributes as one command, and follows it', async () => {
    const attributes = { interval: 60, mode: 'eco' }
    await tenant.api('POST', `/api/devices/${device.deviceId}/attributes`, { scope: 'SHARED', attributes })
    const list = async () =>
      (await tenant.api('GET', `/api/devices/${device.deviceId}/commands`)).json<{ items: Command[] }>()
    const command = await vi.waitUntil(async () => (await list()).items[0])
    expect(command).toMatchObject({ method: 'shared_attributes', state: 'queued' })
    expect(server.asked).toHaveLength(1)
    expect(server.asked[0]?.body).toMatchObject({
      downlinks: [{ decoded_payload: { attributes }, correlation_ids: [command.id] }],
    })
    await ttnSays('downlink_ack', command.id)
    expect(await read(command)).toMatchObject({ state: 'delivered' })
  })

  it('keeps following it through an eviction', async () => {
    const command = await send()
    await evictDurableObject(object())
    await ttnSays('downlink_sent', command.id)
    await evictDurableObject(object())
    await ttnSays('downlink_ack', command.id)
    expect(await read(command)).toMatchObject({ state: 'delivered' })
  })

  it('waits, in order, while the server has no time, and goes out when it has', async () => {
    server.answer = () => new Response('busy', { status: 429 })
    const first = await send({ bytes: 'AQ==' }, { persistent: true })
    const second = await send({ bytes: 'Ag==' }, { persistent: true })
    expect([first, second]).toMatchObject([{ state: 'queued' }, { state: 'queued' }])
    server.asked.length = 0
    server.answer = () => Response.json({})
    await runDurableObjectAlarm(object())
    expect(server.asked, 'it rests first').toEqual([])
    await evictDurableObject(object())
    await runDurableObjectAlarm(object())
    expect(server.asked.map(({ body }) => body)).toMatchObject([
      { downlinks: [{ frm_payload: 'AQ==' }] },
      { downlinks: [{ frm_payload: 'Ag==' }] },
    ])
  })

  it('fails at once where it does not wait for a device, and says why', async () => {
    server.answer = () => new Response('', { status: 503 })
    expect(await send()).toMatchObject({ state: 'failed', code: 'network_unreachable' })
    server.answer = () => Promise.reject(new Error('connection refused'))
    expect(await send()).toMatchObject({ state: 'failed', code: 'network_unreachable' })
  })

  it.each([301, 400, 401, 403, 404])('is refused for good where the server answers %i', async (status) => {
    server.answer = () =>
      new Response('{"message":"words of theirs"}', { status, headers: { location: 'https://x.test' } })
    const command = await send({ bytes: 'AQ==' }, { persistent: true })
    expect(command).toMatchObject({
      state: 'failed',
      code: 'downlink_refused',
      message: expect.stringContaining(`${status}`),
    })
    expect(JSON.stringify(command)).not.toContain('theirs')
    expect(server.asked).toHaveLength(1)
  })

  it('goes by a new key from the next uplink on', async () => {
    await ttnUplink({ ...headers, 'x-downlink-apikey': 'another-key' })
    await ttnUplink({}) // a second webhook, without a key
    await send()
    expect(server.asked[0]?.headers.get('authorization')).toBe('Bearer another-key')
  })

  it('writes no row for a key that it has', async () => {
    const stored = () =>
      runInDurableObject(object(), (_, state) => state.storage.sql.exec('SELECT route FROM network').toArray())
    const before = await stored()
    await ttnUplink()
    expect(await stored()).toEqual(before)
    expect(JSON.stringify(before)).toContain(`${base}/push`)
    expect(JSON.stringify(before)).not.toContain('NNSXS')
  })
})

describe('a way that may not be taken', () => {
  it('is a host that is not on the tenant’s list: nothing leaves', async () => {
    const elsewhere = 'https://lns.example.com/api/v3/down'
    await ttnUplink({
      'x-downlink-apikey': key,
      'x-downlink-push': `${elsewhere}/push`,
      'x-downlink-replace': `${elsewhere}/replace`,
    })
    const refused = await send({ bytes: 'AQ==' }, { persistent: true })
    expect(refused).toMatchObject({ success: false, state: 'failed', code: 'downlink_host_refused' })
    expect(refused.message).toContain('lns.example.com')
    expect(server.asked).toEqual([])
    await tenant.api('PATCH', '/api/tenant/integrations', { downlinkHosts: ['LNS.example.com'] })
    expect(await send()).toMatchObject({ state: 'queued' })
    await tenant.api('PATCH', '/api/tenant/integrations', { downlinkHosts: [] })
    expect(await send()).toMatchObject({ code: 'downlink_host_refused' })
    expect(server.asked).toHaveLength(1)
  })

  it.each([
    'http://lns.example.com/push',
    'http://127.0.0.1:9/push',
    'https://127.0.0.1/push',
    'https://10.0.0.1/push',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/push',
    'https://[fd00::1]/push',
    'https://localhost/push',
    'https://lns.internal/push',
  ])('is %s, whatever the list says', async (push) => {
    await tenant.api('PATCH', '/api/tenant/integrations', { downlinkHosts: [new URL(push).host] })
    await ttnUplink({ 'x-downlink-apikey': key, 'x-downlink-push': push, 'x-downlink-replace': push })
    expect(await send()).toMatchObject({ state: 'failed', code: 'downlink_host_refused' })
    expect(server.asked).toEqual([])
  })

  it('is an address elsewhere than at the server that speaks', async () => {
    await ttnUplink({ ...headers, 'x-tts-domain': 'nam1.cloud.thethings.network' })
    expect(await send()).toMatchObject({ state: 'failed', code: 'downlink_not_set_up' })
    expect(server.asked).toEqual([])
  })

  it('is one without a key, which is said', async () => {
    await ttnUplink({})
    expect(await send()).toMatchObject({ code: 'downlink_not_set_up', message: expect.stringContaining('API key') })
    expect(server.asked).toEqual([])
  })

  it('is none at all for a device that no network server knows: it is offline', async () => {
    expect(await send()).toMatchObject({ state: 'failed', code: 'device_offline' })
    expect(await send({}, { persistent: true })).toMatchObject({ state: 'queued' })
    expect(server.asked).toEqual([])
  })
})

describe('by ChirpStack', () => {
  const apiUrl = 'https://chirpstack.example.com'
  let queued = 0
  const setApi = (fields: object = {}) =>
    tenant.api('PUT', '/api/tenant/integrations/chirpstack', { apiUrl, apiKey: 'chirp-api-key-1234', ...fields })
  const says = async (event: string, body: object) => {
    const own = { deduplicationId: crypto.randomUUID(), time: new Date().toISOString(), deviceInfo: { devEui } }
    await hook.answer('chirpstack', { ...own, ...body }, { event })
  }
  const queueId = () => `queue-item-${queued}`

  beforeEach(async () => {
    await says('up', { devAddr: '01020304', fCnt: ++count, fPort: 2, data: 'AQ==', object: { a: count } })
    server.answer = () => Response.json({ id: `queue-item-${++queued}` })
  })

  it('a command goes to its REST API, and is followed by the id of its queue', async () => {
    await setApi()
    const command = await send({ bytes: 'AQID', fPort: 10 })
    expect(command).toMatchObject({ state: 'queued', transport: 'chirpstack' })
    const [asked] = server.asked
    expect(asked?.url.href).toBe(`${apiUrl}/api/devices/${devEui}/queue`)
    expect(asked?.headers.get('grpc-metadata-authorization')).toBe('Bearer chirp-api-key-1234')
    expect(asked?.body).toMatchObject({ queueItem: { confirmed: true, fPort: 10, data: 'AQID' }, flushQueue: false })
    await says('txack', { downlinkId: 5, queueItemId: queueId(), fCntDown: 1, gatewayId: '0102030405060708' })
    expect(await read(command)).toMatchObject({ state: 'sent', finishedAt: null })
    await says('ack', { queueItemId: queueId(), acknowledged: true, fCntDown: 1 })
    expect(await read(command)).toMatchObject({ state: 'delivered', finishedAt: expect.any(Number) })
  })

  it('fails where the device did not acknowledge, expires where ChirpStack gave it up', async () => {
    await setApi()
    const nacked = await send({ object: { led: true } })
    expect(server.asked[0]?.body).toMatchObject({ queueItem: { object: { led: true } } })
    await says('ack', { queueItemId: queueId(), acknowledged: false })
    expect(await read(nacked)).toMatchObject({ state: 'failed', result: { code: 'downlink_nacked' } })
    const expired = await send()
    await says('log', { level: 'ERROR', code: 'EXPIRED', context: { queue_item_id: queueId() } })
    expect(await read(expired)).toMatchObject({ state: 'expired', result: { code: 'downlink_expired' } })
    const tooLong = await send()
    await says('log', { level: 'ERROR', code: 'DOWNLINK_PAYLOAD_SIZE', context: { queue_item_id: queueId() } })
    expect(await read(tooLong)).toMatchObject({ state: 'failed' })
  })

  it('hears of a command that is sent before its id is known', async () => {
    await setApi()
    server.answer = async () => {
      const id = `queue-item-${++queued}`
      // The answer to the queueing is slower than the radio gateway.
      const early = says('txack', { downlinkId: 6, queueItemId: id, fCntDown: 2 })
      await new Promise((resolve) => setTimeout(resolve, 100))
      early.catch(() => undefined)
      return Response.json({ id })
    }
    const command = await send()
    await vi.waitUntil(async () => (await read(command)).state === 'sent')
  })

  it('keeps the key encrypted, shows its last four, and needs it for anything', async () => {
    expect(await send()).toMatchObject({ code: 'downlink_not_set_up', message: expect.stringContaining('chirpstack') })
    const view = await (await setApi({ apiUrl: `${apiUrl}/` })).json<{ downlinks: object }>()
    expect(view.downlinks).toMatchObject({ canKeepKeys: true, chirpstack: { apiUrl, lastFour: '1234' } })
    const row = await env.DB.prepare('SELECT settings FROM tenants WHERE id = ?').bind(tenant.tenantId).first()
    expect(JSON.stringify(row)).not.toContain('chirp-api-key')
    await setApi({ apiKey: 'second-key' })
    expect(await send()).toMatchObject({ state: 'queued' })
    expect(server.asked[0]?.headers.get('authorization')).toBe('Bearer second-key')
    expect((await tenant.api('DELETE', '/api/tenant/integrations/chirpstack')).status).toBe(204)
    expect(await send()).toMatchObject({ code: 'downlink_not_set_up' })
    expect(server.asked).toHaveLength(1)
  })

  it.each(['http://chirpstack.example.com', 'https://192.168.1.2:8090', 'http://localhost:8090', 'ftp://x.test', 'x'])(
    'takes no API at %s',
    async (apiUrl) => {
      const refused = await setApi({ apiUrl })
      expect(refused.status).toBe(422)
      expect(await refused.json<Problem>()).toMatchObject({ reason: 'field_invalid' })
    },
  )
})
