import { evictAllDurableObjects } from 'cloudflare:test'
import fc from 'fast-check'
import { Hono } from 'hono'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { AppError } from '../../src/domain/errors.ts'
import { limits } from '../../src/domain/limits.ts'
import { readBody } from '../../src/routes/body.ts'
import { encode } from '../contracts/connector.ts'
import {
  history,
  newTenant,
  type Problem,
  type Receipt,
  request,
  send,
  type TestDevice,
  type TestTenant,
} from '../helpers/world.ts'

let tenant: TestTenant
let device: TestDevice

beforeAll(async () => {
  tenant = await newTenant()
  device = await tenant.device()
})
afterEach(() => {
  vi.useRealTimers()
})

const latest = async (id: string) =>
  (await tenant.api('GET', `/api/devices/${id}/telemetry/latest`)).json<
    Record<string, { value: unknown; ts: number }>
  >()

describe('a reading in', () => {
  it('is stored and observed when it is acknowledged', async () => {
    const { deviceId, token } = await tenant.device()
    const response = await send(token, { temperature: 24.5, open: true, state: 'idle', __proto: 1 })
    const { ts } = await response.json<Receipt>()
    expect(await history(deviceId)).toMatchObject([{ ts, values: { temperature: 24.5, open: true, state: 'idle' } }])
    expect((await latest(deviceId)).temperature).toEqual({ value: 24.5, ts })
  })

  it('keeps a key named __proto__ as ordinary data', async () => {
    const { deviceId, token } = await tenant.device()
    expect((await send(token, '{"__proto__":7,"constructor":8}')).status).toBe(200)
    const text = await (await tenant.api('GET', `/api/devices/${deviceId}/telemetry/latest`)).text()
    expect(text).toContain('"__proto__":{"value":7')
    expect(text).toContain('"constructor":{"value":8')
  })

  it('merges messages that carry one ts', async () => {
    const { deviceId, token } = await tenant.device()
    await send(token, { ts: 1_712_486_400_000, a: 1 })
    await send(token, { ts: 1_712_486_400_000, b: 2 })
    expect(await history(deviceId)).toMatchObject([{ ts: 1_712_486_400_000, values: { a: 1, b: 2 } }])
  })

  it('takes the token from the Authorization header where the path says "me"', async () => {
    const response = await send('me', { a: 1 }, { authorization: `Bearer ${device.token}` })
    expect(response.status).toBe(200)
    expect((await send('me', { a: 1 })).status).toBe(401)
  })

  it('inflates gzip, and refuses what is no gzip', async () => {
    const gzip = (bytes: Uint8Array) =>
      new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).bytes()
    const headers = { 'content-encoding': 'gzip' }
    expect((await send(device.token, await gzip(encode('application/json', { z: 1 })), headers)).status).toBe(200)
    const broken = await send(device.token, new Uint8Array([1, 2, 3]), headers)
    expect(await broken.json()).toMatchObject({ status: 400, code: 'payload_malformed', reason: 'gzip_syntax' })
    const bomb = await send(device.token, await gzip(new Uint8Array(8 * 1024 * 1024)), headers)
    expect(bomb.status).toBe(413)
    const brotli = await send(device.token, { a: 1 }, { 'content-encoding': 'br' })
    expect(await brotli.json()).toMatchObject({ status: 415, reason: 'unsupported_encoding' })
  })

  it.each([
    ['identity', 'body_truncated'],
    ['gzip', 'gzip_syntax'],
  ])('takes a body (%s) that breaks off for a fault of its sender', async (encoding, reason) => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const door = new Hono()
      .onError((error, c) => c.json(error instanceof AppError ? { code: error.code, reason: error.reason } : {}))
      .post('/', async (c) => c.json((await readBody(c, limits.bodyBytes)).length))
    const answer = door.request('/', { method: 'POST', headers: { 'content-encoding': encoding }, body: readable })
    const writer = writable.getWriter()
    await writer.write(new TextEncoder().encode('{"temperature":'))
    await writer.abort(new Error('Network connection lost.')) // as workerd says it
    expect(await (await answer).json()).toEqual({ code: 'payload_malformed', reason })
  })

  it('keeps a reading whose clock cannot be right under its arrival time, and says so', async () => {
    const { deviceId, token } = await tenant.device()
    const before = Date.now()
    for (const ts of [5, 'yesterday', -1, 32_503_680_000_000, '2024-02-30T00:00:00Z'])
      expect((await send(token, { ts, a: 1 })).status).toBe(200)
    const rows = await history(deviceId)
    expect(rows).toHaveLength(5)
    expect(rows.every(({ ts }) => ts >= before && ts < before + 60_000)).toBe(true)
    const events = await (await tenant.api('GET', `/api/devices/${deviceId}/events`)).json<{
      items: { kind: string }[]
    }>()
    expect(events.items.map(({ kind }) => kind)).toEqual(['clock_corrected'])
  })

  it('with the clock pinned, gives 1,000 messages without ts and with one key 1,000 rows', async () => {
    const { deviceId, token } = await tenant.device()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const answers = await Promise.all(Array.from({ length: 1_000 }, (_, n) => send(token, { n })))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const rows = await history(deviceId)
    expect(new Set(rows.map(({ values }) => values.n)).size).toBe(1_000)
    expect(rows).toHaveLength(1_000)
  })

  it('gives times after those of an evicted lane, with the clock pinned', async () => {
    const { deviceId, token } = await tenant.device()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 600 }, (_, n) => send(token, { n: round * 600 + n })))
      await evictAllDurableObjects()
    }
    expect(await history(deviceId)).toHaveLength(3_000)
  })

  it('with objects evicted between any two calls, loses and doubles nothing', async () => {
    const { deviceId, token } = await tenant.device()
    for (let n = 0; n < 20; n++) {
      const response = await send(token, { n: n >> 1 }, { 'idempotency-key': `key-${n >> 1}` })
      await evictAllDurableObjects()
      expect(response.status).toBe(200)
    }
    expect(await history(deviceId)).toHaveLength(10)
    expect((await latest(deviceId)).n?.value).toBe(9)
  })
})

describe('Idempotency-Key', () => {
  it('stores a repeated message once, also in parallel and as a batch', async () => {
    const { deviceId, token } = await tenant.device()
    const headers = { 'idempotency-key': 'once' }
    const body = { items: [{ telemetry: { a: 1 } }, { telemetry: { a: 1 } }, { telemetry: { a: 3 } }] }
    await Promise.all([1, 2, 3, 4].map(() => send(token, body, headers, 'telemetry/batch')))
    await evictAllDurableObjects()
    await send(token, body, headers, 'telemetry/batch')
    expect((await history(deviceId)).map(({ values }) => values.a)).toEqual([1, 1, 3])
  })

  it('refuses the key with another body', async () => {
    const { token } = await tenant.device()
    await send(token, { a: 1 }, { 'idempotency-key': 'k' })
    const second = await send(token, { a: 2 }, { 'idempotency-key': 'k' })
    expect(await second.json()).toMatchObject({ status: 409, reason: 'idempotency_key_reused' })
  })

  it('is one device’s own', async () => {
    const [one, two] = [await tenant.device(), await tenant.device()]
    for (const { token } of [one, two]) await send(token, { a: 1 }, { 'idempotency-key': 'shared' })
    expect(await history(one.deviceId)).toHaveLength(1)
    expect(await history(two.deviceId)).toHaveLength(1)
  })
})

describe('a batch', () => {
  it('answers per item', async () => {
    const body = {
      items: [{ telemetry: { a: 1 } }, { telemetry: {} }, 'text', { ts: 1_712_486_400_000, values: { b: 2 } }],
    }
    const response = await send(device.token, body, {}, 'telemetry/batch')
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      accepted: 2,
      rejected: [
        { index: 1, code: 'validation_rejected', reason: 'empty_reading' },
        { index: 2, code: 'validation_rejected', reason: 'not_an_object' },
      ],
    })
  })

  it.each([
    ['a byte string', '42dead', '"a" holds a byte string.'],
    ['an integer beyond 2^53', '1bffffffffffffffff', '"a" holds an integer beyond 2^53, which would lose digits.'],
    ['a byte string in an array', '8142dead', '"a" holds a byte string.'],
    ['a tagged item', 'd820617a', '"a" holds a tagged item that telemetry cannot.'],
  ])('in CBOR loses only the item that holds %s', async (_, item, detail) => {
    const cbor = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
    const headers = { 'content-type': 'application/cbor' }
    const { deviceId, token } = await tenant.device()
    const bad = `a16161${item}`
    const batch = await send(token, cbor(`83a1616101${bad}a1616103`), headers, 'telemetry/batch')
    expect(await batch.json()).toMatchObject({
      accepted: 2,
      rejected: [{ index: 1, code: 'validation_rejected', reason: 'unsupported_value', detail }],
    })
    expect((await history(deviceId)).map(({ values }) => values.a)).toEqual([1, 3])
    const single = await send(token, cbor(bad), headers)
    expect(await single.json()).toMatchObject({ status: 422, code: 'validation_rejected', reason: 'unsupported_value' })
  })

  it('shows a hundred items with one fault as one event, which names them', async () => {
    const { deviceId, token } = await tenant.device()
    await send(token, { '': 'an older event' })
    const items = Array.from({ length: 100 }, (_, i) => (i % 10 ? { telemetry: {}, i: null } : { [`k${i}`]: i }))
    expect((await send(token, { items }, {}, 'telemetry/batch')).status).toBe(200)
    await send(token, { items: items.map(() => 'text') }, {}, 'telemetry/batch')
    const events = await (await tenant.api('GET', `/api/devices/${deviceId}/events`)).json<{
      items: { reason: string; detail: string; raw: string }[]
    }>()
    expect(events.items.map(({ reason }) => reason)).toEqual(['not_an_object', 'empty_reading', 'key_empty'])
    expect(events.items[0]).toMatchObject({
      detail: 'Items 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 90 more: A reading is a JSON object.',
      raw: btoa('"text"'),
    })
    expect(events.items[1]?.raw).toBe(btoa(JSON.stringify(items[1])))
  })

  it('at the door of single readings is refused and told where it belongs', async () => {
    const { deviceId, token } = await tenant.device()
    const misplaced = await send(token, { items: [{ telemetry: { a: 1 } }, { telemetry: { a: 2 } }] })
    const { detail, ...problem } = await misplaced.json<Problem>()
    expect(problem).toMatchObject({ status: 422, code: 'validation_rejected', reason: 'batch_misplaced' })
    expect(detail).toContain('/telemetry/batch')
    expect(await history(deviceId)).toEqual([])
    expect((await send(token, { items: [1, 2] })).status).toBe(200)
    expect((await send(token, { items: [{ sku: 1 }], total: 1 })).status).toBe(200)
  })

  it('fails as a whole only when every item fails', async () => {
    const response = await send(device.token, { items: [{ telemetry: {} }, {}] }, {}, 'telemetry/batch')
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ accepted: 0, rejected: [{ index: 0 }, { index: 1 }] })
  })

  it('holds 1 to 100 items', async () => {
    const items = (n: number) => ({ items: Array.from({ length: n }, (_, i) => ({ telemetry: { i } })) })
    const reason = async (n: number) =>
      (await (await send(device.token, items(n), {}, 'telemetry/batch')).json<Problem>()).reason
    expect(await reason(0)).toBe('batch_empty')
    expect(await reason(101)).toBe('batch_too_long')
    expect((await send(device.token, items(100), {}, 'telemetry/batch')).status).toBe(200)
  })
})

describe('bad input', () => {
  const long = 'k'.repeat(129)
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`k${i}`, i]))
  const cases: [title: string, body: string, status: number, reason: string][] = [
    ['cut JSON', '{"a":', 400, 'json_syntax'],
    ['no JSON', 'hello', 400, 'json_syntax'],
    ['nothing', '', 400, 'json_syntax'],
    ['no object', '5', 422, 'not_an_object'],
    ['null', 'null', 422, 'not_an_object'],
    ['empty reading', '{}', 422, 'empty_reading'],
    ['nulls only', '{"a":null}', 422, 'empty_reading'],
    ['infinite', '{"a":1e999}', 422, 'not_finite'],
    ['infinite in an array', '{"a":[1,1e999]}', 422, 'not_finite'],
    ['long key', JSON.stringify({ [long]: 1 }), 422, 'key_too_long'],
    ['empty key', '{"":1}', 422, 'key_empty'],
    ['long value', JSON.stringify({ a: 'ä'.repeat(2_049) }), 422, 'value_too_long'],
    ['many keys', JSON.stringify(many), 422, 'too_many_keys'],
    ['deep', '{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}', 422, 'too_deep'],
    ['deep array', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`, 422, 'too_deep'],
  ]
  it.each(cases)('%s', async (_, body, status, reason) => {
    const { deviceId, token } = await tenant.device()
    const response = await send(token, body)
    const problem = await response.json<Problem>()
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(problem).toMatchObject({ status, reason, retryable: false, statusCode: status, message: problem.detail })
    expect(response.status).toBe(status)
    expect(await history(deviceId)).toEqual([])
    const events = await tenant.api('GET', `/api/devices/${deviceId}/events`)
    const [event] = (await events.json<{ items: { kind: string; reason: string; raw: string; rawSize: number }[] }>())
      .items
    const bytes = new TextEncoder().encode(body)
    expect(event).toMatchObject({ kind: 'uplink_rejected', reason, rawSize: bytes.length })
    expect(event?.raw).toBe(btoa(String.fromCharCode(...bytes.slice(0, limits.eventRawBytes))))
  })

  it('says where JSON breaks', async () => {
    const { detail } = await (await send(device.token, '{"a":1,\n"b":}')).json<Problem>()
    expect(detail).toContain('line 2, column 5')
  })

  it('answers a wrong method with 405 and what is allowed', async () => {
    const response = await request('PUT', `/api/v1/${device.token}/telemetry`)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })

  it('answers a child of a device that is no gateway with 403', async () => {
    const response = await send(device.token, { childDeviceId: device.deviceId, telemetry: { a: 1 } })
    expect(await response.json()).toMatchObject({ status: 403, code: 'forbidden', reason: 'not_a_gateway' })
  })

  it('answers a rotated token as one that never was, at once', async () => {
    const rotated = await tenant.device()
    await send(rotated.token, { a: 1 })
    const { token } = await (await tenant.api('POST', `/api/devices/${rotated.deviceId}/token`)).json<TestDevice>()
    const [old, never] = [await send(rotated.token, { a: 1 }), await send(crypto.randomUUID(), { a: 1 })]
    const strip = ({ instance: _, ...rest }: Problem & { instance?: string }) => rest
    expect(strip(await old.json())).toEqual(strip(await never.json()))
    expect((await send(token, { a: 1 })).status).toBe(200)
  })

  it('answers every other path and any garbage in the path without a 500', async () => {
    for (const path of [
      '/api/v1/%00/telemetry',
      '/api/v1/%ff%fe/telemetry',
      "/api/v1/';--/telemetry",
      '/api/v1//telemetry',
      '/api/%',
    ]) {
      expect((await request('POST', path, { body: '{}' })).status).toBeLessThan(500)
    }
  })
})

describe('a childDeviceId that is no text', () => {
  const deep = (depth: number) => `{"childDeviceId":${'['.repeat(depth)}${']'.repeat(depth)},"a":1}`
  it.each([
    '{"childDeviceId":{"toString":1},"telemetry":{"a":1}}',
    '{"childDeviceId":5,"a":1}',
    deep(20_000),
    `{"ts":${'['.repeat(20_000)}${']'.repeat(20_000)},"a":{}}`,
  ])('%.40s is answered with a code of its own', async (body) => {
    const gateway = await tenant.device({ isGateway: true })
    expect((await send(gateway.token, body)).status).toBeLessThan(500)
    const batch = await send(gateway.token, `{"items":[${body},{"telemetry":{"good":1}}]}`, {}, 'telemetry/batch')
    expect(batch.status).toBe(200)
    expect(await batch.json()).toMatchObject({ accepted: 1, rejected: [{ index: 0 }] })
  })
})

describe('any body', () => {
  const values = fc.dictionary(
    fc
      .string({ minLength: 1, maxLength: 20, unit: 'binary' })
      .filter((key) => !['ts', 'timestamp', 'telemetry', 'values', 'childDeviceId'].includes(key)),
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.string({ maxLength: 40, unit: 'binary' }),
      fc.integer(),
      fc.array(fc.integer(), { maxLength: 5 }),
    ),
    { minKeys: 1, maxKeys: 8 },
  )

  it('that is acknowledged is read back equal', async () => {
    const { deviceId, token } = await tenant.device()
    let ts = 1_600_000_000_000
    await fc.assert(
      fc.asyncProperty(
        values,
        fc.constantFrom('application/json', 'application/cbor'),
        async (reading, contentType) => {
          ts += 1
          const bytes = encode(contentType, { ts, telemetry: reading })
          const response = await send(token, bytes, { 'content-type': contentType })
          expect(response.status).toBe(200)
          const range = await tenant.api('GET', `/api/devices/${deviceId}/telemetry/range?from=${ts}&to=${ts}`)
          const series = JSON.parse(await range.text()) as Record<string, [number, unknown][]>
          const readBack = Object.entries(series).map(([key, points]) => [key, points[0]?.[1]])
          const sent = Object.entries(JSON.parse(JSON.stringify(reading)) as object)
          expect(readBack.sort(byKey)).toEqual(sent.sort(byKey))
        },
      ),
      { numRuns: 150 },
    )
  })

  const odd = fc.anything({ maxDepth: 3 })
  const reserved = fc.record(
    { childDeviceId: odd, ts: odd, timestamp: odd, telemetry: odd, values: odd, items: fc.array(odd), a: fc.integer() },
    { requiredKeys: [] },
  )

  it('never answers 500', async () => {
    const { token } = await tenant.device()
    const types = fc.constantFrom(
      'application/json',
      'application/cbor',
      'text/plain',
      'application/json; charset=utf-8',
      '',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
          reserved.map(toBytes),
          reserved.map((value) => new TextEncoder().encode(JSON.stringify(value))),
          fc.anything().map(toBytes),
        ),
        types,
        fc.constantFrom('telemetry', 'telemetry/batch'),
        async (body, contentType, path) => {
          const response = await send(token, body, { 'content-type': contentType }, path)
          expect(response.status).toBeLessThan(500)
          if (response.status !== 200) expect((await response.json<Problem>()).code).toBeTruthy()
        },
      ),
      { numRuns: 400 },
    )
  })

  function toBytes(value: unknown): Uint8Array {
    try {
      return encode('application/cbor', value)
    } catch {
      return new Uint8Array([0xff])
    }
  }

  function byKey([a]: [string, unknown] | unknown[], [b]: [string, unknown] | unknown[]): number {
    return String(a) < String(b) ? -1 : 1
  }
})
