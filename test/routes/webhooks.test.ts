import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { toBase64 } from '../../src/codec/base64.ts'
import { bodies, type Expected } from '../fixtures/webhooks/index.ts'
import { type Answer, inboxOf, openWebhook, type Webhook } from '../helpers/webhooks.ts'
import { history, newTenant, type Problem, request, send, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
let hook: Webhook

beforeAll(async () => {
  tenant = await newTenant()
  hook = await openWebhook(tenant)
})

const lora = (devEui: string, fields: object = {}, owner = tenant) =>
  owner.device({ name: 'A LoRa device', integration: { lorawan: { dev_eui: devEui } }, ...fields })

interface Event {
  readonly kind: string
  readonly reason?: string
  readonly at: number
  readonly raw?: string
}

async function eventsOf(device: TestDevice, owner = tenant): Promise<Event[]> {
  const { items } = await (await owner.api('GET', `/api/devices/${device.deviceId}/events`)).json<{ items: Event[] }>()
  return items
}

const up = (devEui: string, ts: string, object: object, more: object = {}) => ({
  deduplicationId: crypto.randomUUID(),
  time: ts,
  deviceInfo: { devEui, deviceName: 'Probe', deviceProfileName: 'Soil' },
  devAddr: '01020304',
  fCnt: 1,
  fPort: 2,
  data: 'AQ==',
  object,
  ...more,
})

describe('every body of the fixtures', () => {
  it.each(Object.entries(bodies))('%s becomes what it says, once', async (_, expected) => {
    const owner = await newTenant()
    const webhook = await openWebhook(owner)
    const device = expected.devEui ? await lora(expected.devEui, {}, owner) : await byAlias(owner, webhook, expected)
    const post = () => webhook.post(expected.connector, expected.body, { query: { ...expected.query } })
    const responses = [await post(), await post(), ...(await Promise.all([post(), post(), post()]))]
    const answers: Answer[] = []
    for (const response of responses) {
      expect(response.status).toBe(200)
      answers.push(await response.json<Answer>())
    }
    for (const answer of answers) {
      expect(answer.accepted).toBe(expected.values ? 1 : 0)
      expect(answer.events ?? 0).toBe(expected.event ? 1 : 0)
      expect(answer.inboxed ?? 0).toBe(expected.payload ? 1 : 0)
      expect(answer.ignored ?? 0).toBe(expected.isPassedOver ? 1 : 0)
    }
    const rows = await history(device.deviceId)
    expect(rows).toHaveLength(expected.values ? 1 : 0)
    if (expected.values) {
      expect(rows[0]?.values).toMatchObject({ ...expected.values, ...expected.radio })
      if (expected.ts) expect(rows[0]?.ts).toBe(Date.parse(expected.ts))
    }
    expect(await inboxOf(owner)).toHaveLength(expected.payload ? 1 : 0)
    const events = (await eventsOf(device, owner)).filter(({ kind }) => kind !== 'clock_corrected')
    if (expected.event) expect(events).toMatchObject([{ kind: expected.event.kind }])
    else if (expected.payload)
      expect(events).toMatchObject([{ kind: 'uplink_rejected', reason: 'undecodable', raw: expected.payload }])
    else expect(events).toEqual([])
  })

  /** A device without a DevEUI: known by the name that the server has for it, once it was approved. */
  async function byAlias(owner: TestTenant, webhook: Webhook, expected: Expected): Promise<TestDevice> {
    const device = await owner.device()
    await webhook.answer(expected.connector, expected.body, { ...expected.query })
    const [entry] = await inboxOf(owner)
    const approved = await owner.api('POST', `/api/tenant/integrations/inbox/${entry?.id}/approve`, {
      deviceId: device.deviceId,
    })
    expect(approved.status).toBe(200)
    for (const { id } of await inboxOf(owner, '&all=true'))
      await owner.api('DELETE', `/api/tenant/integrations/inbox/${id}`)
    return device
  }

  it.each(Object.entries(bodies))(
    '%s cut anywhere is answered with 2xx',
    async (_, { connector, body, query = {} }) => {
      const text = JSON.stringify(body)
      const cuts = Array.from({ length: Math.ceil(text.length / 50) }, (_unused, i) => i * 50)
      const answers = await Promise.all(cuts.map((cut) => hook.post(connector, text.slice(0, cut), { query })))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      for (const answer of answers)
        expect(await answer.json()).toMatchObject({ success: true, accepted: 0, inboxed: 1 })
    },
  )

  it.each(Object.entries(bodies))(
    '%s without any one of its fields is answered with 2xx',
    async (_, { connector, body, query = {} }) => {
      const answers = await Promise.all([...withoutOne(body)].map((less) => hook.post(connector, less, { query })))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    },
  )
})

function* withoutOne(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const { [key]: _, ...rest } = value as Record<string, unknown>
    if (!Array.isArray(value)) yield rest
    for (const item of withoutOne(inner))
      yield Array.isArray(value) ? value.with(Number(key), item) : { ...value, [key]: item }
  }
}

describe('what may be sent', () => {
  it('is refused with 413 where it is too large, everywhere', async () => {
    for (const connector of ['generic', 'chirpstack', 'ttn']) {
      const response = await hook.post(connector, `{"a":"${'x'.repeat(1024 * 1024)}"}`)
      expect(response.status).toBe(413)
    }
  })

  it('is inboxed where it is protobuf, with the hint to switch to JSON', async () => {
    for (const connector of ['chirpstack', 'ttn']) {
      const bytes = new Uint8Array([10, 36, 51, 97, 18, 12])
      const response = await hook.post(connector, bytes, {
        query: { event: 'up' },
        headers: { 'content-type': 'application/octet-stream' },
      })
      expect(await response.json()).toMatchObject({ inboxed: 1, detail: expect.stringContaining('JSON') })
      const [entry] = await inboxOf(tenant, `&connector=${connector}&reason=protobuf_body`)
      const read = await (await tenant.api('GET', `/api/tenant/integrations/inbox/${entry?.id}`)).json()
      expect(read).toMatchObject({ raw: toBase64(bytes), query: { event: 'up' } })
    }
  })

  it('is protobuf though its second byte is a brace, as a downlinkId of 123 is', async () => {
    const headers = { 'content-type': 'application/octet-stream' }
    await hook.post('chirpstack', new Uint8Array([8, 0x7b, 18, 4, 1, 2]), { query: { event: 'txack' }, headers })
    await hook.post('chirpstack', '{"deviceInfo":{"devEui":"01', { query: { event: 'up' }, headers })
    const newest = (await inboxOf(tenant)).slice(0, 2)
    expect(newest.map(({ reason }) => reason).toSorted()).toEqual(['json_syntax', 'protobuf_body'])
  })

  it('may be an array, as a forwarder collects them: each is judged on its own, and stored once', async () => {
    const device = await lora('0202020202020202')
    const name = { device_id: 'd', application_ids: { application_id: 'app' }, dev_eui: '0202020202020202' }
    const uplink = (second: number) => ({
      end_device_ids: name,
      uplink_message: { f_cnt: second, decoded_payload: { second }, received_at: `2026-01-01T00:00:0${second}Z` },
    })
    const body = [uplink(1), { nothing: true }, uplink(2)]
    for (const _ of ['once', 'again']) expect(await hook.answer('ttn', body)).toMatchObject({ accepted: 2, inboxed: 1 })
    expect((await history(device.deviceId)).map(({ values }) => values.second)).toEqual([1, 2])
    const event = (second: number) => ({
      deviceInfo: { devEui: '0202020202020202' },
      object: { second },
      time: `2026-01-02T00:00:0${second}Z`,
    })
    expect(await hook.answer('chirpstack', [event(3), event(4)], { event: 'up' })).toMatchObject({ accepted: 2 })
    expect(await history(device.deviceId)).toHaveLength(4)
  })

  it('of several unknown devices is approved one by one', async () => {
    const event = (devEui: string) => ({
      deviceInfo: { devEui, deviceName: devEui },
      object: { a: 1 },
      time: '2026-01-01T00:00:01Z',
    })
    const both = ['0303030303030303', '0404040404040404']
    await hook.answer('chirpstack', both.map(event), { event: 'up' })
    const [entry] = await inboxOf(tenant)
    const approve = async () =>
      (await tenant.api('POST', `/api/tenant/integrations/inbox/${entry?.id}/approve`, {})).json()
    expect(await approve()).toMatchObject({ name: both[0], replayed: { isDone: false } })
    expect(await approve()).toMatchObject({ name: both[1], replayed: { isDone: true } })
  })

  it('is the event that the server adds to the URL, not the one that was copied into it', async () => {
    const device = await tenant.device({ integration: { lorawan: { dev_eui: '0101010101010101' } } })
    const join = { time: '2026-07-18T09:33:28Z', deviceInfo: { devEui: '0101010101010101' }, devAddr: '00189440' }
    const url = `/api/v1/integrations/chirpstack/telemetry?tenantId=${tenant.tenantId}&event=up&event=join`
    const headers = { 'content-type': 'application/json', 'x-webhook-secret': hook.secret }
    const response = await request('POST', url, { headers, body: JSON.stringify(join) })
    expect(await response.json()).toMatchObject({ events: 1 })
    expect(await history(device.deviceId)).toEqual([])
  })

  it('never ends in a 500, however deep, odd or empty', async () => {
    const odd = [
      '',
      ' ',
      'null',
      '7',
      '"x"',
      '[]',
      '[[]]',
      '{}',
      'NaN',
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      '{"a":'.repeat(20_000),
    ]
    const deep = `{"deviceInfo":{"devEui":"0101010101010101"},"time":"2026-01-01T00:00:00Z","level":"x","context":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
    for (const connector of ['generic', 'chirpstack', 'ttn']) {
      for (const body of [...odd, deep]) expect((await hook.post(connector, body)).status).toBe(200)
    }
  })

  it('may hold any characters, in names, keys and values', async () => {
    const odd = 'a\u0000b\ud800c\u202e😀'
    const body = up(
      '0000000000000a0d',
      '2026-01-01T00:00:00Z',
      { [odd]: odd },
      { deviceInfo: { devEui: '0000000000000a0d', deviceName: odd, deviceProfileName: odd } },
    )
    expect(await hook.answer('chirpstack', body, { odd })).toMatchObject({ inboxed: 1 })
    const [entry] = await inboxOf(tenant, '&devEui=0000000000000a0d')
    const approved = await tenant.api('POST', `/api/tenant/integrations/inbox/${entry?.id}/approve`, {})
    expect(await approved.json()).toMatchObject({ replayed: { accepted: 1 } })
    const unnamed = {
      end_device_ids: { device_id: odd, application_ids: { application_id: odd } },
      uplink_message: { decoded_payload: { a: 1 } },
    }
    expect(await hook.answer('ttn', unnamed)).toMatchObject({ inboxed: 1 })
    for (const dev of [odd, '%', '%ff']) {
      expect(
        (await hook.post('ttn', { uplink_message: { decoded_payload: { a: 1 } } }, { path: `/${dev}` })).status,
      ).toBe(200)
    }
  })

  it('is kept without the credentials that stood in its URL', async () => {
    await hook.answer('ttn', '{broken', { api_token: 'hidden', event: 'up' })
    const { id } = (await inboxOf(tenant))[0] ?? {}
    expect(await (await tenant.api('GET', `/api/tenant/integrations/inbox/${id}`)).json()).toMatchObject({
      query: { event: 'up' },
    })
    expect(await (await tenant.api('GET', `/api/tenant/integrations/inbox/${id}`)).text()).not.toContain('hidden')
  })

  it('may be called anything where it is JSON', async () => {
    const device = await tenant.device()
    for (const [i, type] of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/octet-stream',
      '',
    ].entries()) {
      const body = JSON.stringify({ externalDeviceId: device.deviceId, ts: 1_712_486_400_000 + i, a: i })
      const response = await hook.post('generic', new TextEncoder().encode(body), { headers: { 'content-type': type } })
      expect(await response.json()).toMatchObject({ accepted: 1 })
    }
    expect(await history(device.deviceId)).toHaveLength(4)
  })
})

describe('a generic webhook', () => {
  it('stores two equal readings without a time as two', async () => {
    const device = await tenant.device()
    const body = { deviceToken: device.token, temperature: 1 }
    await hook.answer('generic', body)
    await hook.answer('generic', body)
    expect(await history(device.deviceId)).toHaveLength(2)
  })

  it('takes relays by the gateway’s token or id, and no stranger’s child', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    const other = await tenant.device()
    const telemetry = { temperature: 4 }
    expect(
      await hook.answer('generic', {
        deviceToken: gateway.token,
        childDeviceId: child.deviceId,
        telemetry,
        ts: 1_712_486_400_000,
      }),
    ).toMatchObject({ accepted: 1 })
    expect(
      await hook.answer('generic', {
        externalDeviceId: gateway.deviceId.toUpperCase(),
        childDeviceId: child.deviceId,
        telemetry,
        ts: 1_712_486_401_000,
      }),
    ).toMatchObject({ accepted: 1 })
    expect(
      await hook.answer('generic', { deviceToken: gateway.token, childDeviceId: other.deviceId, telemetry }),
    ).toMatchObject({ accepted: 0, inboxed: 1 })
    expect(await history(child.deviceId)).toHaveLength(2)
    expect(await history(other.deviceId)).toEqual([])
    expect((await inboxOf(tenant))[0]).toMatchObject({ reason: 'child_not_found' })
  })

  it('takes an array item by item, and keeps only what it could not take', async () => {
    const [one, two] = [await tenant.device(), await tenant.device()]
    const items = [
      { deviceToken: one.token, a: 1 },
      { externalDeviceId: two.deviceId, a: 2 },
      { externalDeviceId: crypto.randomUUID(), a: 3 },
      { deviceToken: one.token, a: 4 },
      { deviceToken: one.token, a: null },
      { a: 5 },
    ]
    expect(await hook.answer('generic', items)).toMatchObject({ accepted: 3, inboxed: 3 })
    expect((await history(one.deviceId)).map(({ values }) => values)).toEqual([{ a: 1 }, { a: 4 }])
    const [entry] = await inboxOf(tenant)
    const { body } = await (await tenant.api('GET', `/api/tenant/integrations/inbox/${entry?.id}`)).json<{
      body: string
    }>()
    expect(JSON.parse(body)).toEqual([items[2], items[4], items[5]])
  })

  it('takes what a device of another tenant would send for unknown', async () => {
    const stranger = await newTenant()
    const theirs = await stranger.device()
    for (const body of [
      { deviceToken: theirs.token, a: 1 },
      { externalDeviceId: theirs.deviceId, a: 1 },
    ]) {
      expect(await hook.answer('generic', body)).toMatchObject({ accepted: 0, inboxed: 1 })
    }
    expect(await history(theirs.deviceId)).toEqual([])
  })

  it('counts an Idempotency-Key as the id of the call', async () => {
    const device = await tenant.device()
    const headers = { 'idempotency-key': 'once' }
    for (let i = 0; i < 3; i++) await hook.post('generic', { deviceToken: device.token, a: 1 }, { headers })
    expect(await history(device.deviceId)).toHaveLength(1)
  })
})

describe('undecoded bytes', () => {
  const lpp = { object: undefined, data: toBase64(Uint8Array.from([3, 0x67, 1, 0x10])) }

  it('are read as CayenneLPP where they are that and nothing else', async () => {
    const device = await lora('00000000000000a1')
    expect(await hook.answer('chirpstack', up('00000000000000a1', '2026-01-01T00:00:00Z', {}, lpp))).toMatchObject({
      accepted: 1,
    })
    expect((await history(device.deviceId))[0]?.values).toMatchObject({ temperature_3: 27.2, lora_f_cnt: 1 })
  })

  it('are read by the decoder of the device’s profile, also later, by a replay', async () => {
    const bytes = { object: undefined, data: toBase64(Uint8Array.from([0x00, 0xf1, 0x64])) }
    const device = await lora('00000000000000a2')
    const body = up('00000000000000a2', '2026-01-01T00:00:00Z', {}, bytes)
    expect(await hook.answer('chirpstack', body)).toMatchObject({
      accepted: 0,
      inboxed: 1,
      detail: expect.stringContaining('3 bytes'),
    })
    expect(await (await tenant.api('GET', `/api/devices/${device.deviceId}`)).json()).toMatchObject({
      status: 'ACTIVE',
    })

    const decoder = {
      kind: 'fields',
      fields: [
        { name: 'temperature', offset: 0, type: 'int16', scale: 0.1, unit: '°C' },
        { name: 'battery', offset: 2, type: 'uint8', fPort: 2 },
      ],
    }
    const profile = await (await tenant.api('POST', '/api/device-profiles', { name: 'Soil probe', decoder })).json<{
      profileId: string
    }>()
    await tenant.api('PATCH', `/api/devices/${device.deviceId}`, { profileId: profile.profileId })
    const [entry] = await inboxOf(tenant, '&devEui=00-00-00-00-00-00-00-A2')
    expect(entry).toMatchObject({ reason: 'undecodable' })
    for (let i = 0; i < 2; i++) {
      const replayed = await tenant.api('POST', `/api/tenant/integrations/inbox/${entry?.id}/replay`)
      expect(await replayed.json()).toMatchObject({ accepted: 1, isDone: true })
    }
    const rows = await history(device.deviceId)
    expect(rows).toMatchObject([
      { ts: Date.UTC(2026, 0, 1), values: { temperature: 24.1, battery: 100, lora_f_port: 2 } },
    ])
    expect(await inboxOf(tenant, '&devEui=00000000000000a2')).toEqual([])
  })
})

describe('radio facts', () => {
  it('are readings unless the tenant does not want them', async () => {
    const owner = await newTenant()
    const webhook = await openWebhook(owner)
    const device = await lora('00000000000000b1', {}, owner)
    await webhook.answer('chirpstack', up('00000000000000b1', '2026-01-01T00:00:00Z', { a: 1 }))
    expect((await owner.api('PATCH', '/api/tenant/integrations', { radioFacts: false })).status).toBe(200)
    await webhook.answer('chirpstack', up('00000000000000b1', '2026-01-01T00:01:00Z', { a: 2 }))
    expect((await history(device.deviceId)).map(({ values }) => values)).toEqual([
      { a: 1, lora_f_cnt: 1, lora_f_port: 2, lora_dr: 0 },
      { a: 2 },
    ])
  })
})

describe('gaps in the frame count', () => {
  it('show as packet loss of the device; repeats, late frames and signs of life are no gaps', async () => {
    const device = await lora('00000000000000b2')
    const frame = (fCnt: number, more: object = {}) =>
      up('00000000000000b2', `2026-01-01T00:00:${fCnt + 10}Z`, { fCnt }, { fCnt, ...more })
    await hook.answer('chirpstack', frame(1))
    await hook.answer('chirpstack', frame(5))
    for (let i = 0; i < 2; i++) await hook.answer('chirpstack', frame(3))
    await hook.answer('chirpstack', frame(6, { object: undefined, data: '', fPort: 0 }))
    const detail = await (await tenant.api('GET', `/api/devices/${device.deviceId}`)).json()
    expect(detail).toMatchObject({ packetLoss: { received: 4, lost: 2 } })
  })
})

describe('an unknown DevEUI', () => {
  it('is listed, and its calls become readings when it is approved', async () => {
    const owner = await newTenant()
    const webhook = await openWebhook(owner)
    await owner.api('POST', '/api/device-profiles', { name: 'Soil' })
    for (let i = 0; i < 3; i++)
      await webhook.answer('chirpstack', up('00000000000000c1', `2026-01-01T00:0${i}:00Z`, { i }))
    const entries = await inboxOf(owner, '&reason=unknown_device')
    expect(entries).toHaveLength(3)
    expect(entries[0]).toMatchObject({ devEui: '00000000000000c1', detail: expect.stringContaining('Probe') })
    const approved = await (
      await owner.api('POST', `/api/tenant/integrations/inbox/${entries[0]?.id}/approve`, {})
    ).json<{ deviceId: string }>()
    expect(approved).toMatchObject({ name: 'Probe', replayed: { accepted: 1, isDone: true }, alsoReplayed: 2 })
    const device = await (await owner.api('GET', `/api/devices/${approved.deviceId}`)).json()
    expect(device).toMatchObject({
      deviceType: 'Soil',
      profileId: expect.any(String),
      integration: { lorawan: { dev_eui: '00000000000000c1' } },
    })
    expect(await history(approved.deviceId)).toHaveLength(3)
    expect(await inboxOf(owner)).toEqual([])
  })

  it('is approved in bulk, with those that have no DevEUI', async () => {
    const owner = await newTenant()
    const webhook = await openWebhook(owner)
    for (const eui of ['00000000000000d1', '00000000000000d2'])
      await webhook.answer('chirpstack', up(eui, '2026-01-01T00:00:00Z', { a: 1 }))
    const { body } = bodies['ttn/06-up-storage-simulated-bool-string'] as Expected
    await webhook.answer('ttn', body)
    const answer = await owner.api('POST', '/api/tenant/integrations/inbox/approve', {})
    const { items, failed } = await answer.json<{ items: { deviceId: string; name: string }[]; failed: unknown[] }>()
    expect(failed).toEqual([])
    expect(items.map(({ name }) => name).toSorted()).toEqual(['Probe', 'Probe', 'dev1'])
    for (const { deviceId } of items) expect(await history(deviceId)).toHaveLength(1)
    expect(await webhook.answer('ttn', body)).toMatchObject({ accepted: 1 })
  })

  it('is made where the tenant says so, once however many come at once', async () => {
    const owner = await newTenant()
    const webhook = await openWebhook(owner)
    await owner.api('PATCH', '/api/tenant/integrations', { unknownDevices: 'create' })
    const calls = Array.from({ length: 10 }, (_, i) =>
      webhook.answer('chirpstack', up('00000000000000e1', `2026-01-01T00:00:0${i}Z`, { i })),
    )
    // On a slow machine some are parked, and taken a little later.
    for (const answer of await Promise.all(calls)) expect(answer.parked ? 1 : answer.accepted).toBe(1)
    const { body } = bodies['ttn/06-up-storage-simulated-bool-string'] as Expected
    await Promise.all([1, 2, 3].map(() => webhook.answer('ttn', body)))
    const list = async () =>
      (await owner.api('GET', '/api/devices')).json<{ items: { deviceId: string; name: string }[] }>()
    await vi.waitUntil(async () => (await list()).items.length === 2, { timeout: 20_000 })
    const { items } = await list()
    expect(items.map(({ name }) => name).toSorted()).toEqual(['Probe', 'dev1'])
    const counts = () => Promise.all(items.map(async ({ deviceId }) => (await history(deviceId)).length))
    await vi.waitUntil(async () => (await counts()).toSorted((a, b) => a - b).join() === '1,10', { timeout: 20_000 })
  })

  it('is passed over where the tenant says so', async () => {
    const owner = await newTenant()
    const webhook = await openWebhook(owner)
    await owner.api('PATCH', '/api/tenant/integrations', { unknownDevices: 'refuse' })
    expect(await webhook.answer('chirpstack', up('00000000000000f1', '2026-01-01T00:00:00Z', { a: 1 }))).toMatchObject({
      accepted: 0,
      ignored: 1,
    })
    expect(await inboxOf(owner)).toEqual([])
  })

  it('that is another tenant’s device stays unknown', async () => {
    const stranger = await newTenant()
    const theirs = await lora('0000000000000101', {}, stranger)
    expect(await hook.answer('chirpstack', up('0000000000000101', '2026-01-01T00:00:00Z', { a: 1 }))).toMatchObject({
      inboxed: 1,
    })
    expect(await history(theirs.deviceId)).toEqual([])
  })
})

describe('the inbox', () => {
  it('is the tenant’s own, and keeps its newest entries', async () => {
    const owner = await newTenant()
    const webhook = await openWebhook(owner)
    await webhook.answer('ttn', '{broken')
    const [entry] = await inboxOf(owner)
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/replay'],
      ['POST', '/approve'],
    ] as const) {
      const response = await tenant.api(
        method,
        `/api/tenant/integrations/inbox/${entry?.id}${path}`,
        method === 'POST' ? {} : undefined,
      )
      expect(response.status).toBe(404)
      expect((await response.json<Problem>()).code).toBe('inbox_entry_not_found')
    }
    expect((await inboxOf(tenant)).map(({ id }) => id)).not.toContain(entry?.id)
    const read = await (await owner.api('GET', `/api/tenant/integrations/inbox/${entry?.id}`)).json()
    expect(read).toMatchObject({ body: '{broken', reason: 'json_syntax' })
    expect((await owner.api('DELETE', `/api/tenant/integrations/inbox/${entry?.id}`)).status).toBe(204)
  })

  it('pages, newest first', async () => {
    const owner = await newTenant()
    const webhook = await openWebhook(owner)
    for (let i = 0; i < 5; i++) await webhook.answer('ttn', `{broken ${i}`)
    await webhook.answer('ttn', '{broken 4') // sent again
    const seen: string[] = []
    for (let before = ''; ; ) {
      const page = await (await owner.api('GET', `/api/tenant/integrations/inbox?limit=2${before}`)).json<{
        items: { id: string }[]
        nextBefore: string | null
      }>()
      seen.push(...page.items.map(({ id }) => id))
      if (page.nextBefore === null) break
      before = `&before=${page.nextBefore}`
    }
    expect(seen).toHaveLength(5)
    expect(seen).toEqual(seen.toSorted().toReversed())
  })

  it('tells what is over a device’s plan, and takes it later', async () => {
    const owner = await newTenant({ plan: 'FREE' })
    const webhook = await openWebhook(owner)
    const device = await lora('0000000000000111', {}, owner)
    const batch = { items: Array.from({ length: 100 }, (_, i) => ({ telemetry: { i } })) }
    await send(device.token, batch, {}, 'telemetry/batch')
    await send(device.token, { items: batch.items.slice(0, 20) }, {}, 'telemetry/batch')
    expect(
      await webhook.answer('chirpstack', up('0000000000000111', new Date().toISOString(), { a: 1 })),
    ).toMatchObject({ accepted: 0, inboxed: 1 })
    expect((await inboxOf(owner))[0]).toMatchObject({ reason: 'quota_exceeded' })
  })
})

describe('who speaks', () => {
  const wrongAnswer = async (response: Response) => {
    const { instance: _, ...rest } = await response.json<Record<string, unknown>>()
    return [response.status, rest]
  }

  it('is asked in one voice: wrong secret, unknown tenant, no header, no tenant', async () => {
    const at = (tenantId: string, headers: Record<string, string>) =>
      request('POST', `/api/v1/integrations/generic/telemetry${tenantId && `?tenantId=${tenantId}`}`, {
        headers,
        body: '{}',
      })
    const answers = await Promise.all([
      at(tenant.tenantId, { 'x-webhook-secret': 'wrong' }),
      at(tenant.tenantId, {}),
      at(tenant.tenantId, { authorization: `Bearer ${tenant.apiKey}` }),
      at(crypto.randomUUID(), { 'x-webhook-secret': hook.secret }),
      at((await newTenant()).tenantId, { 'x-webhook-secret': hook.secret }),
      at('no-uuid', { 'x-webhook-secret': hook.secret }),
      at('', { 'x-webhook-secret': hook.secret }),
    ])
    const told = await Promise.all(answers.map(wrongAnswer))
    expect(told[0]?.[0]).toBe(401)
    for (const answer of told) expect(answer).toEqual(told[0])
  })

  it('shows its secret as header, bearer token or password', async () => {
    const device = await tenant.device()
    const { secret } = hook
    const ways = [
      { 'x-webhook-secret': secret },
      { authorization: `Bearer ${secret}` },
      { authorization: `Basic ${btoa(`anyone:${secret}`)}` },
      { authorization: `Basic ${btoa(`:${secret}`)}`, 'x-webhook-secret': 'wrong' },
    ]
    for (const headers of ways) {
      const response = await request('POST', `/api/v1/integrations/generic/telemetry?tenantId=${tenant.tenantId}`, {
        headers: { ...headers } as Record<string, string>,
        body: JSON.stringify({ deviceToken: device.token, a: 1 }),
      })
      expect(await response.json()).toMatchObject({ accepted: 1 })
    }
  })

  it('may name the tenant in the body, but not two', async () => {
    const device = await tenant.device()
    const other = await newTenant()
    const post = (query: string, body: unknown) =>
      request('POST', `/api/v1/integrations/generic/telemetry${query}`, {
        headers: { 'x-webhook-secret': hook.secret },
        body: JSON.stringify(body),
      })
    const body = { tenantId: tenant.tenantId, deviceToken: device.token, a: 1 }
    expect(await (await post('', body)).json()).toMatchObject({ accepted: 1 })
    expect(await (await post(`?tenantId=${tenant.tenantId.toUpperCase()}`, body)).json()).toMatchObject({ accepted: 1 })
    for (const response of [
      await post(`?tenantId=${tenant.tenantId}`, { ...body, tenantId: other.tenantId }),
      await post('', [body, { ...body, tenantId: other.tenantId }]),
    ]) {
      expect(response.status).toBe(400)
      expect((await response.json<Problem>()).reason).toBe('tenant_mismatch')
    }
    expect(await history(device.deviceId)).toHaveLength(2)
    expect((await history(device.deviceId)).every(({ values }) => !('tenantId' in values))).toBe(true)
  })

  it('speaks by the new secret and, for a day, by the one before it', async () => {
    const owner = await newTenant()
    const first = await openWebhook(owner)
    const second = await openWebhook(owner)
    const status = async (webhook: Webhook) => (await webhook.post('ttn', '{}')).status
    expect([await status(first), await status(second)]).toEqual([200, 200])
    const shown = await (await owner.api('GET', '/api/tenant/integrations')).json<{
      secret: { lastFour: string; previousExpiresAt: number }
    }>()
    expect(shown.secret.lastFour).toBe(second.secret.slice(-4))
    expect(shown.secret.previousExpiresAt).toBeGreaterThan(Date.now() + 23 * 3_600_000)
    expect(JSON.stringify(shown)).not.toContain(second.secret)
    await owner.api('DELETE', '/api/tenant/integrations/secret?which=previous')
    expect([await status(first), await status(second)]).toEqual([401, 200])
    const third = await openWebhook(owner)
    await env.DB.prepare('UPDATE tenant_integration_secrets SET previous_expires_at = ? WHERE tenant_id = ?')
      .bind(Date.now() - 1, owner.tenantId)
      .run()
    await owner.api('PATCH', '/api/tenant/integrations', {})
    expect([await status(second), await status(third)]).toEqual([401, 200])
    expect((await owner.api('DELETE', '/api/tenant/integrations/secret')).status).toBe(204)
    expect(await status(third)).toBe(401)
  })

  it('is noted when it speaks', async () => {
    const owner = await newTenant()
    const webhook = await openWebhook(owner)
    await webhook.post('ttn', '{}')
    await expect
      .poll(async () => {
        const { secret } = await (await owner.api('GET', '/api/tenant/integrations')).json<{
          secret: { lastUsedAt: number | null }
        }>()
        return secret.lastUsedAt
      })
      .toBeGreaterThan(Date.now() - 60_000)
  })

  it('sees the three URLs', async () => {
    const { webhooks } = await (await tenant.api('GET', '/api/tenant/integrations')).json<{
      webhooks: { connector: string; url: string }[]
    }>()
    expect(webhooks.map(({ connector }) => connector)).toEqual(['generic', 'chirpstack', 'ttn'])
    for (const { connector, url } of webhooks) {
      expect(url).toBe(`https://edge.test/api/v1/integrations/${connector}/telemetry?tenantId=${tenant.tenantId}`)
    }
  })
})
