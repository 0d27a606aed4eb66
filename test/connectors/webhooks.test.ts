import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/codec/base64.ts'
import { chirpstack } from '../../src/connectors/chirpstack.ts'
import type { WebhookMeta } from '../../src/connectors/connector.ts'
import { generic } from '../../src/connectors/generic.ts'
import { ttn } from '../../src/connectors/ttn.ts'
import { AppError } from '../../src/domain/errors.ts'
import { defaultWebhookSettings, type Report, type WebhookSettings } from '../../src/domain/report.ts'
import { bodies, type Expected } from '../fixtures/webhooks/index.ts'

const receivedAt = Date.UTC(2026, 10, 24)
const meta = (more: Partial<WebhookMeta> = {}): WebhookMeta => ({
  receivedAt,
  query: {},
  segments: [],
  digest: 'the-bytes',
  settings: defaultWebhookSettings,
  ...more,
})
const connectors = { chirpstack, ttn, generic }

function readOne({ connector, body, query = {} }: Expected, settings: Partial<WebhookSettings> = {}): Report {
  const all = { ...defaultWebhookSettings, ...settings }
  const [report] = connectors[connector].read(body, meta({ query, settings: all }))
  if (!report) throw new Error('no report')
  return report
}

const at = (iso: string | undefined) => (iso === undefined ? undefined : Date.parse(iso))

describe('the table', () => {
  it('has every body of the fixtures', () => {
    const folder = join(import.meta.dirname, '..', 'fixtures', 'webhooks')
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
    expect(Object.keys(bodies)).toHaveLength(files.length)
  })

  it.each(Object.entries(bodies))('%s', (_, expected) => {
    const report = readOne(expected)
    const { address, uplinks, rejected, events, payload, ignored } = report
    expect(address.devEui).toBe(expected.devEui)
    if (expected.alias !== undefined) expect(address.alias).toBe(expected.alias)
    expect(rejected).toEqual([])
    expect(uplinks.map(({ ts }) => ts)).toEqual(expected.values ? [at(expected.ts)] : [])
    if (expected.values) {
      const { values = {} } = uplinks[0] ?? {}
      const own = Object.entries(values).filter(([key]) => !key.startsWith('lora_') && !(key in (expected.radio ?? {})))
      expect(Object.fromEntries(own)).toEqual(expected.values)
      expect(values).toMatchObject(expected.radio ?? {})
    }
    expect(events.map(({ kind, reason }) => ({ kind, reason }))).toEqual(
      expected.event ? [{ kind: expected.event.kind, reason: expected.event.reason }] : [],
    )
    if (expected.event) expect(events[0]?.at).toBe(at(expected.event.at) ?? receivedAt)
    expect(payload && toBase64(payload.bytes)).toBe(expected.payload)
    if (payload) {
      expect(payload.uplink.ts).toBe(at(expected.ts))
      expect(payload.radio).toMatchObject(expected.radio ?? {})
    }
    expect(ignored !== undefined).toBe(expected.isPassedOver ?? false)
  })

  it.each(Object.entries(bodies))(
    '%s, with each field removed or spoilt in turn, is read or refused by name',
    (_, expected) => {
      for (const body of damaged(expected.body)) {
        try {
          const [report] = connectors[expected.connector].read(body, meta({ query: expected.query ?? {} }))
          expect(report?.dedupeId).toBeTypeOf('string')
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
        }
      }
    },
  )
})

/** Each field removed, and each in turn what it cannot be. */
function* damaged(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key]
    const { [key]: _, ...rest } = value as Record<string, unknown>
    const rebuilt = (item: unknown) =>
      Array.isArray(value) ? value.with(Number(key), item) : { ...value, [key]: item }
    if (!Array.isArray(value)) yield rest
    for (const wrong of [null, 0, -1, '', 'x', true, [], {}, [null], { x: { y: null } }]) yield rebuilt(wrong)
    for (const item of damaged(inner)) yield rebuilt(item)
  }
}

describe('a ChirpStack event', () => {
  it.each(['up', 'join', 'ack', 'txack', 'log', 'status', 'location', 'integration'])(
    '"%s" is told by its shape too',
    (event) => {
      const [name, expected] =
        Object.entries(bodies).find(([key]) => key.startsWith('chirpstack/') && key.includes(`-${event}`)) ?? []
      if (!expected || !name) throw new Error('no fixture')
      const named = readOne({ ...expected, query: { event } })
      for (const query of [{}, { event: 'future' }]) expect(readOne({ ...expected, query })).toEqual(named)
    },
  )

  it('of a failed decoder and its log are two, a repeat is one', () => {
    const { body } = bodies['chirpstack/01-up-no-codec-no-fcnt'] as Expected
    const log = { ...body, level: 'ERROR', code: 'UPLINK_CODEC', description: 'TypeError' }
    const up = readOne({ connector: 'chirpstack', body, query: { event: 'up' } })
    expect(readOne({ connector: 'chirpstack', body: log, query: { event: 'log' } }).dedupeId).not.toBe(up.dedupeId)
    expect(readOne({ connector: 'chirpstack', body: { ...body }, query: { event: 'up' } }).dedupeId).toBe(up.dedupeId)
  })

  it('takes the best radio gateway, and absent signals for 0', () => {
    const { body } = bodies['chirpstack/fragment-cayennelpp'] as Expected
    const rxInfo = [
      { gatewayId: 'far', rssi: -110, snr: -7 },
      { gatewayId: 'near', rssi: -60 },
    ]
    expect(readOne({ connector: 'chirpstack', body: { ...body, rxInfo } }).uplinks[0]?.values).toMatchObject({
      lora_gateway: 'near',
      lora_rssi: -60,
      lora_snr: 0,
    })
  })

  it('without its time is stored by the network server’s clock, never by a radio gateway’s without GPS', () => {
    const { time: _, ...body } = (bodies['chirpstack/fragment-cayennelpp'] as Expected).body as Record<string, unknown>
    const tsOf = (rxInfo: unknown) => readOne({ connector: 'chirpstack', body: { ...body, rxInfo } }).uplinks[0]?.ts
    expect(tsOf([{ nsTime: '2024-01-01T00:00:00.5+00:00', gwTime: '1980-01-01T00:00:00Z' }])).toBe(
      Date.UTC(2024, 0, 1) + 500,
    )
    expect(tsOf([{ gwTime: '2024-01-01T00:00:00+00:00' }])).toBeUndefined()
    expect(tsOf([{ gwTime: '2024-01-01T00:00:00+00:00', timeSinceGpsEpoch: '1388102418s' }])).toBe(Date.UTC(2024, 0, 1))
  })

  it('trusts a radio gateway’s clock by either measure of GPS', () => {
    const { time: _, ...body } = (bodies['chirpstack/fragment-cayennelpp'] as Expected).body as Record<string, unknown>
    const rxInfo = [{ gwTime: '2024-01-01T00:00:00+00:00', fineTimeSinceGpsEpoch: '1388102418.000000123s' }]
    expect(readOne({ connector: 'chirpstack', body: { ...body, rxInfo } }).uplinks[0]?.ts).toBe(Date.UTC(2024, 0, 1))
  })

  it('of version 3 that a radio gateway sent is one of its own, where nothing but its bytes tells it', () => {
    const txack = (digest: string) =>
      chirpstack.read({ devEUI: '01'.repeat(8), fCnt: 3 }, meta({ query: { event: 'txack' }, digest }))
    expect(txack('a')[0]?.dedupeId).not.toBe(txack('b')[0]?.dedupeId)
    expect(txack('a')[0]?.address.devEui).toBe('0101010101010101')
  })

  it('says nothing of a battery that it does not know', () => {
    const status = (more: object) => {
      const body = { ...(bodies['chirpstack/02-status'] as Expected).body, ...more }
      return { ...readOne({ connector: 'chirpstack', body }).uplinks[0]?.values }
    }
    expect(status({ margin: -3, batteryLevelUnavailable: true, batteryLevel: 0 })).toEqual({ margin: -3 })
    expect(status({ externalPowerSource: true, batteryLevel: 0 })).toEqual({ margin: 10, external_power: true })
    expect(status({ margin: undefined, batteryLevel: undefined })).toEqual({ margin: 0, battery: 0 })
  })

  it('keeps the values that are right beside one that is not', () => {
    const { body } = bodies['chirpstack/fragment-cayennelpp'] as Expected
    const object = { good: 1, deep: { a: { b: { c: { d: { e: 1 } } } } }, long: 'x'.repeat(5000) }
    const { uplinks, rejected } = readOne({ connector: 'chirpstack', body: { ...body, object } })
    expect(uplinks[0]?.values).toMatchObject({ good: 1 })
    expect(rejected.map(({ fault }) => fault.reason)).toEqual(['too_deep', 'value_too_long'])
  })
})

describe('a message of The Things Stack', () => {
  const uplink = (bodies['ttn/32-up-docs-full-attributes'] as Expected).body as { uplink_message: object }
  const withUplink = (more: object): Expected => ({
    connector: 'ttn',
    body: { ...uplink, uplink_message: { ...uplink.uplink_message, ...more } },
  })

  it('gives its normalized payload where that is the setting, the same from both types', () => {
    const single = readOne(bodies['synthetic/ttn-uplink_normalized'] as Expected, { ttnPayload: 'normalized' })
    expect(single.uplinks).toHaveLength(1)
    expect(single.uplinks[0]).toMatchObject({
      ts: Date.UTC(2025, 1, 17, 10, 30),
      values: { 'air.temperature': -21.3, lora_rssi: -35 },
    })
    const normalized_payload = [
      { air: { temperature: 20 } },
      { soil: { moisture: 3 } },
      { time: '2020-02-12T15:00:00Z', battery: 3.1 },
    ]
    const { uplinks } = readOne(withUplink({ normalized_payload }), { ttnPayload: 'normalized' })
    expect(
      uplinks.map(({ ts, values }) => [ts, values.battery, values['air.temperature'], values['soil.moisture']]),
    ).toEqual([
      [Date.parse('2020-02-12T15:15:45.789Z'), undefined, 20, 3],
      [Date.UTC(2020, 1, 12, 15), 3.1, undefined, undefined],
    ])
  })

  it('gives what there is where the wanted payload is missing', () => {
    const onlyNormalized = withUplink({
      decoded_payload: undefined,
      normalized_payload: [{ air: { temperature: 20 } }],
    })
    expect(readOne(onlyNormalized).uplinks[0]?.values).toMatchObject({ 'air.temperature': 20 })
    expect(readOne(withUplink({}), { ttnPayload: 'normalized' }).uplinks[0]?.values).toMatchObject({ temperature: 1 })
  })

  it('is stored by the decoder’s time, the network server’s, the application server’s', () => {
    const tsOf = (more: object, top: object = {}) => {
      const expected = withUplink(more)
      return readOne({ ...expected, body: { ...expected.body, ...top } }).uplinks[0]?.ts
    }
    const decoded_payload = { temperature: 1, time: '2020-02-12T15:00:00Z' }
    expect(tsOf({ decoded_payload })).toBe(Date.UTC(2020, 1, 12, 15))
    expect(tsOf({ decoded_payload: { temperature: 1, time: 61 } })).toBe(Date.parse('2020-02-12T15:15:45.789Z'))
    expect(tsOf({ received_at: '0001-01-01T00:00:00Z' })).toBe(Date.parse('2020-02-12T15:15:46.014Z'))
    expect(tsOf({ received_at: undefined }, { received_at: undefined })).toBeUndefined()
  })

  it('leaves radio facts out where they are not wanted', () => {
    expect({ ...readOne(withUplink({}), { radioFacts: false }).uplinks[0]?.values }).toEqual({
      temperature: 1,
      luminosity: 0.64,
    })
  })

  it('that is masked is named by the path or the query', () => {
    const { body } = bodies['synthetic/ttn-field-mask-only-uplink'] as Expected
    const addressOf = (more: Partial<WebhookMeta>) => ttn.read(body, meta(more))[0]?.address
    expect(addressOf({ segments: ['up', '70B3D57ED0001234'] })?.devEui).toBe('70b3d57ed0001234')
    expect(addressOf({ segments: ['70B3D57ED0001234', 'up'] })?.devEui).toBe('70b3d57ed0001234')
    expect(addressOf({ segments: ['my-device'] })?.alias).toBe('ttn:/my-device')
    expect(addressOf({ query: { devEUI: '70-B3-D5-7E-D0-00-12-34' } })?.devEui).toBe('70b3d57ed0001234')
    expect(addressOf({ query: { devID: 'my-device', appID: 'a' } })?.alias).toBe('ttn:a/my-device')
    expect(addressOf({ segments: ['my-device', 'up'] })?.alias).toBe('ttn:/my-device')
    for (const path of ['up', 'uplink-message', 'join_accept', 'downlink-queue-invalidated', 'ack']) {
      expect(addressOf({ segments: [path] }), 'of all devices').toEqual({})
    }
    expect(addressOf({})).toEqual({})
  })

  it('is found in what the storage integration and the event stream wrap around it', () => {
    const { body } = bodies['ttn/32-up-docs-full-attributes'] as Expected
    for (const wrapped of [{ result: body }, { name: 'as.up.data.forward', data: body }]) {
      expect(readOne({ connector: 'ttn', body: wrapped }).address.devEui).toBe('0004a30b001c0530')
    }
  })

  it('and a retry of it have one id, another uplink has another', () => {
    const id = (more: object) => readOne(withUplink(more)).dedupeId
    expect(id({})).toBe(id({}))
    expect(id({ f_cnt: 2 })).not.toBe(id({}))
  })
})

describe('a generic body', () => {
  const read = (body: unknown) => generic.read(body, meta())
  const readings = (body: unknown) =>
    read(body).flatMap(({ uplinks }) => uplinks.map((uplink) => ({ ...uplink, values: { ...uplink.values } })))

  it('keeps its reserved keys out of the values', () => {
    const names = {
      deviceToken: 't-0123456',
      externalDeviceId: 'x',
      tenantId: 'y',
      childDeviceId: 'c',
      ts: 1_712_486_400_000,
    }
    expect(readings({ ...names, temperature: 1 })).toEqual([
      { index: 0, childDeviceId: 'c', ts: 1_712_486_400_000, values: { temperature: 1 } },
    ])
    expect(readings({ ...names, ts: undefined, timestamp: 1_712_486_400_000, telemetry: { a: 1 } })[0]?.values).toEqual(
      { a: 1 },
    )
    expect(read(names)[0]?.rejected[0]?.fault.reason).toBe('empty_reading')
  })

  it('keeps them out under telemetry too, and takes the time from there', () => {
    const names = { deviceToken: 'x', externalDeviceId: 'x', tenantId: 'y' }
    const inner = { ...names, ts: 1_712_486_400_000, temperature: 1 }
    expect(readings({ deviceToken: 't-0123456', telemetry: inner })).toEqual([
      { index: 0, ts: 1_712_486_400_000, values: { temperature: 1 } },
    ])
    expect(readings({ ts: 1_712_486_460_000, telemetry: inner })[0]?.ts).toBe(1_712_486_460_000)
    expect(read({ deviceToken: ' t-0123456 ', a: 1 })[0]?.address).toEqual({ deviceToken: 't-0123456' })
  })

  it('names devices by token before external id', () => {
    expect(read({ deviceToken: 't-0123456', externalDeviceId: 'x', a: 1 })[0]?.address).toEqual({
      deviceToken: 't-0123456',
    })
    expect(read({ externalDeviceId: 17, a: 1 })[0]?.address).toMatchObject({ externalId: '17' })
    expect(read({ a: 1 })[0]?.address).toEqual({})
  })

  it('may be an array, judged item by item', () => {
    const reports = read([{ externalDeviceId: 'x', a: 1 }, 7, { externalDeviceId: 'x', b: null }])
    expect(reports.map(({ uplinks, rejected }) => [uplinks.length, rejected.length])).toEqual([
      [1, 0],
      [0, 1],
      [0, 1],
    ])
    expect(() => read([])).toThrow(AppError)
  })
})

it('keeps no text of a body that is longer than any id', () => {
  const long = 'x'.repeat(100_000)
  const spoil = (value: unknown): unknown => {
    if (typeof value === 'string') return /^\d{4}-|^.{16}$/.test(value) ? value : long
    if (Array.isArray(value)) return value.map(spoil)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, spoil(inner)]))
  }
  for (const { connector, body, query = {} } of Object.values(bodies)) {
    const [report] = connectors[connector].read(spoil(body), meta({ query }))
    const { payload: _, rejected: __, ...kept } = report ?? {}
    expect(JSON.stringify(kept).length).toBeLessThan(10_000)
  }
})
