// The production bundle as wrangler's own harness serves it. Workers refuse code that is made at run time, which
// the test pool allows: only here cbor-x is tested as it will run.
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Encoder } from 'cbor-x'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestHarness, type TestHarness } from 'wrangler'
import { defaultConfigPath, mustRun } from '../../scripts/wrangler.ts'
import { fnv1a } from '../../src/domain/fnv1a.ts'
import { limits } from '../../src/domain/limits.ts'

const setupToken = 'bundle-setup-token'
const cborType = { 'content-type': 'application/cbor' }
const jsonType = { 'content-type': 'application/json' }
const dir = mkdtempSync(join(tmpdir(), 'autoconnecto-bundle-'))
let harness: TestHarness
let url: string
let apiKey: string

beforeAll(async () => {
  const outDir = join(dir, 'worker')
  await mustRun('wrangler', ['deploy', '--dry-run', '--config', defaultConfigPath, '--outdir', outDir])
  const worker = { configPath: defaultConfigPath, prebuiltWorkerDir: outDir, secrets: { SETUP_TOKEN: setupToken } }
  harness = createTestHarness({ workers: [worker] })
  url = (await harness.listen()).url.href.replace(/\/$/, '')
  await harness.getWorker().applyD1Migrations('DB')
  await harness.getWorker().applyD1Migrations('TELEMETRY_0')
  const { body } = await call(
    'POST',
    '/api/auth/onboarding',
    jsonType,
    JSON.stringify({ tenantName: 'Bundle' }),
    setupToken,
  )
  apiKey = String(body.apiKey)
})
afterAll(async () => {
  await harness?.close()
  rmSync(dir, { recursive: true, force: true })
})

type Body = Record<string, unknown>
type Sent = NonNullable<RequestInit['body']>
interface Called {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

async function call(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: Sent,
  token?: string,
): Promise<Called> {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...headers, ...authorization },
    ...(body !== undefined && { body }),
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  })
  expect(response.status, `${method} ${path}`).not.toBe(500)
  const text = await response.text()
  const isJson = (response.headers.get('content-type') ?? '').includes('json')
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : {} }
}

interface Device {
  readonly deviceId: string
  readonly token: string
}

async function newDevice(): Promise<Device> {
  const name = `bundle ${crypto.randomUUID()}`
  const { status, body } = await call('POST', '/api/devices', jsonType, JSON.stringify({ name }), apiKey)
  expect(status).toBe(201)
  return body as unknown as Device
}

function send({ token }: Device, headers: Readonly<Record<string, string>>, body: Sent, path = ''): Promise<Called> {
  return call('POST', `/api/v1/${token}/telemetry${path}`, headers, body)
}

/** ts → values. */
async function history({ deviceId }: Device): Promise<Map<number, Body>> {
  const path = `/api/devices/${deviceId}/telemetry/range?from=0&to=${Date.now() + 60_000}&limit=1000`
  const { body } = await call('GET', path, {}, undefined, apiKey)
  const readings = new Map<number, Body>()
  for (const [key, points] of Object.entries(body as Record<string, [number, unknown][]>)) {
    for (const [ts, value] of points) readings.set(ts, { ...readings.get(ts), [key]: value })
  }
  return readings
}

async function valuesOf(device: Device): Promise<Body[]> {
  const readings = await history(device)
  return [...readings].sort(([a], [b]) => a - b).map(([, values]) => values)
}

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

describe('CBOR in the bundle', () => {
  test('takes the records that a plain cbor-x Encoder sends, again and again', async () => {
    const device = await newDevice()
    const encoder = new Encoder()
    const sent = Array.from({ length: 6 }, (_, n) => ({ temperature: 20.5 + n, humidity: 60 + n, n }))
    for (const reading of sent) {
      const body = encoder.encode(reading)
      expect((await send(device, cborType, Uint8Array.from(body))).status).toBe(200)
    }
    expect(await valuesOf(device)).toEqual(sent)
    const batch = new Encoder().encode({
      items: sent.map((telemetry, n) => ({ telemetry, ts: 1_760_000_000_000 + n })),
    })
    const other = await newDevice()
    expect((await send(other, cborType, Uint8Array.from(batch), '/batch')).body).toMatchObject({ accepted: 6 })
    expect(await valuesOf(other)).toEqual(sent)
  })

  test('takes uint64 times and values, half floats, and refuses what would lose digits', async () => {
    const device = await newDevice()
    const encoder = new Encoder({ useRecords: false })
    const ts = 1_760_000_000_123n
    const body = encoder.encode({ ts, telemetry: { counter: 2n ** 53n - 1n, small: 7n, below: -(2n ** 40n) } })
    expect((await send(device, cborType, Uint8Array.from(body))).body).toMatchObject({ success: true, ts: Number(ts) })
    // {"h": 1.5 (half), "f": 0.25 (single)}
    const floats = await send(device, cborType, bytes('a2 6168 f93e00 6166 fa3e800000'))
    expect(floats.status).toBe(200)
    expect(await valuesOf(device)).toEqual([
      { counter: Number.MAX_SAFE_INTEGER, small: 7, below: -(2 ** 40) },
      { h: 1.5, f: 0.25 },
    ])
    const large = await send(device, cborType, Uint8Array.from(encoder.encode({ counter: 2n ** 63n })))
    expect(large).toMatchObject({ status: 422, body: { code: 'validation_rejected', reason: 'unsupported_value' } })
    // {"h": NaN (half)} and Infinity
    for (const item of ['a1 6168 f97e00', 'a1 6168 f97c00']) {
      expect(await send(device, cborType, bytes(item))).toMatchObject({ status: 422, body: { reason: 'not_finite' } })
    }
  })

  test('names what is wrong with the bytes', async () => {
    const device = await newDevice()
    const whole = new Encoder({ useRecords: false }).encode({ temperature: 24.5, note: 'a text that is cut' })
    for (let length = 0; length < whole.length; length++) {
      const cut = await send(device, cborType, Uint8Array.from(whole.subarray(0, length)))
      const wanted = { status: 400, body: { code: 'payload_malformed', reason: 'cbor_truncated' } }
      expect(cut, `cut to ${length} of ${whole.length}`).toMatchObject(wanted)
    }
    for (const tail of ['00', 'ff', 'a0', 'a1 6161 01']) {
      const trailing = await send(device, cborType, Buffer.concat([whole, bytes(tail)]))
      expect(trailing, tail).toMatchObject({
        status: 400,
        body: { code: 'payload_malformed', reason: 'cbor_trailing' },
      })
    }
    for (const item of [
      'ff',
      'a1 61',
      '1c',
      'd8 69 80',
      'fc',
      'bf',
      '9f 01',
      '5b ffffffffffffffff',
      'bb 00000000ffffffff',
    ]) {
      const refused = await send(device, cborType, bytes(item))
      expect([400, 422], item).toContain(refused.status)
    }
    expect(await valuesOf(device)).toEqual([])
  })
})

describe('bodies', () => {
  test('inflates gzip, and no further than the limit', async () => {
    const device = await newDevice()
    const gzip = { ...jsonType, 'content-encoding': 'gzip' }
    expect((await send(device, gzip, gzipSync('{"temperature":24.5}'))).status).toBe(200)
    expect(await valuesOf(device)).toEqual([{ temperature: 24.5 }])
    const bomb = gzipSync(Buffer.alloc(20 * 2 ** 20, ' '))
    expect(await send(device, gzip, bomb)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
    const cut = gzipSync('{"temperature":24.5}').subarray(0, 20)
    for (const broken of [cut, Buffer.from('no gzip at all')]) {
      expect(await send(device, gzip, broken)).toMatchObject({ status: 400, body: { reason: 'gzip_syntax' } })
    }
    const brotli = { ...jsonType, 'content-encoding': 'br' }
    expect(await send(device, brotli, 'x')).toMatchObject({ status: 415, body: { reason: 'unsupported_encoding' } })
  })

  test('takes chunks without a length', async () => {
    const device = await newDevice()
    const parts = ['{"temp', 'erature":', '24.5}']
    const stream = new ReadableStream({
      async pull(controller) {
        const part = parts.shift()
        if (part === undefined) return controller.close()
        await new Promise((wake) => setTimeout(wake, 20))
        controller.enqueue(new TextEncoder().encode(part))
      },
    })
    expect((await send(device, jsonType, stream)).status).toBe(200)
    expect(await valuesOf(device)).toEqual([{ temperature: 24.5 }])
  })

  test('refuses 50 MB long before it is whole', async () => {
    const device = await newDevice()
    for (const declared of [false, true]) {
      expect(await refusalOfLarge(device, declared)).toBe(413)
    }
    expect((await send(device, jsonType, '{"temperature":1}')).status).toBe(200)
  })
})

/** The server closes after its answer; what was still under way then resets the connection, at times before the answer is read. */
async function refusalOfLarge(device: Device, declared: boolean): Promise<number> {
  for (;;) {
    const { status, sent } = await streamLarge(device, declared)
    expect(sent).toBeLessThan(10 * 2 ** 20)
    if (status !== 'reset') return status
  }
}

/** 64 KB a millisecond at most, or the socket's buffers alone take 10 MB; how much was written when the answer came. */
function streamLarge({ token }: Device, declared: boolean): Promise<{ status: number | 'reset'; sent: number }> {
  const size = 50 * 2 ** 20
  const chunk = Buffer.alloc(64 * 1024, ' ')
  const headers = { ...jsonType, ...(declared && { 'content-length': String(size) }) }
  return new Promise((done, fail) => {
    let sent = 0
    const request = httpRequest(`${url}/api/v1/${token}/telemetry`, { method: 'POST', headers })
    const timer = setInterval(() => {
      if (sent >= size || request.writableLength > chunk.length) return
      request.write(chunk)
      sent += chunk.length
    }, 1)
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearInterval(timer)
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') done({ status: 'reset', sent })
      else fail(error)
    })
    request.on('response', (response) => {
      clearInterval(timer)
      response.resume()
      done({ status: response.statusCode ?? 0, sent })
      request.destroy()
    })
  })
}

describe('requests', () => {
  test('an Idempotency-Key stores once, and refuses another body', async () => {
    const device = await newDevice()
    const keyed = { ...jsonType, 'idempotency-key': 'once' }
    const first = await send(device, keyed, '{"temperature":1}')
    await evictAll(device)
    const second = await send(device, keyed, '{"temperature":1}')
    expect(second.body).toEqual(first.body)
    expect(await send(device, keyed, '{"temperature":2}')).toMatchObject({
      status: 409,
      body: { code: 'conflict', reason: 'idempotency_key_reused' },
    })
    expect(await valuesOf(device)).toEqual([{ temperature: 1 }])
  })

  test('a browser may act as a device', async () => {
    const { token } = await newDevice()
    const preflight = await call('OPTIONS', `/api/v1/${token}/telemetry`, {
      origin: 'https://example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,idempotency-key',
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
    const allowed = preflight.headers.get('access-control-allow-headers')?.toLowerCase() ?? ''
    for (const header of ['authorization', 'content-type', 'idempotency-key']) expect(allowed).toContain(header)
    const bad = await call('POST', `/api/v1/${token}/telemetry`, { ...jsonType, origin: 'https://example.com' }, '{')
    expect(bad.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('a wrong method is told the right one, and nothing answers 500', async () => {
    const { token, deviceId } = await newDevice()
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
      const answer = await call(
        method,
        `/api/v1/${token}/telemetry`,
        jsonType,
        /GET|HEAD/.test(method) ? undefined : '{}',
      )
      expect(answer.status, method).toBe(405)
      expect(answer.headers.get('allow'), method).toBe('POST')
    }
    const paths = [
      '/',
      '/health',
      '/healthz',
      '/api',
      '/api/v1',
      `/api/devices/${deviceId}`,
      '/api/openapi.json',
      '/api/%zz',
    ]
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const body = /GET|HEAD|OPTIONS/.test(method) ? undefined : '{'
        const { status } = await call(method, path, jsonType, body, apiKey)
        expect(status, `${method} ${path}`).toBeLessThan(500)
      }
    }
    expect((await call('HEAD', '/health')).status).toBe(200)
    expect((await call('HEAD', '/api/v1/connectivity/catalog')).status).toBe(200)
  })
})

/** The device's object and every lane forget what they had in memory. */
async function evictAll({ deviceId }: Device): Promise<void> {
  await evict('DeviceObject', deviceId)
  await evict('TelemetryWriter', `0:${fnv1a(deviceId) % limits.lanesPerShard}`)
}

async function evict(className: string, name: string): Promise<void> {
  const evicted = harness.getWorker().evictDurableObject(className, { name })
  await evicted.catch((error: unknown) => {
    if (!String(error).includes('not currently running')) throw error
  })
}

test('objects evicted between any two calls change nothing', async () => {
  const [evicted, undisturbed] = [await newDevice(), await newDevice()]
  const calls: [path: string, headers: Record<string, string>, body: string][] = [
    ['', {}, '{"n":1}'],
    ['', {}, '{"n":2,"mode":"auto"}'],
    ['', { 'idempotency-key': 'k' }, '{"n":3}'],
    ['', { 'idempotency-key': 'k' }, '{"n":3}'],
    ['', {}, '{"ts":1760000000000,"telemetry":{"n":0}}'],
    ['', {}, '{"ts":1760000000000,"telemetry":{"late":true}}'],
    ['/batch', {}, '{"items":[{"telemetry":{"n":4}},{"telemetry":{"n":5}},{"telemetry":{}}]}'],
    ['', {}, '{'],
  ]
  for (const device of [evicted, undisturbed]) {
    for (const [path, headers, body] of calls) {
      await send(device, { ...jsonType, ...headers }, body, path)
      if (device === evicted) await evictAll(device)
    }
  }
  const [stored, expected] = [await valuesOf(evicted), await valuesOf(undisturbed)]
  expect(stored).toEqual(expected)
  expect(stored).toEqual([{ n: 0, late: true }, { n: 1 }, { n: 2, mode: 'auto' }, { n: 3 }, { n: 4 }, { n: 5 }])
  for (const device of [evicted, undisturbed]) {
    const { body } = await call('GET', `/api/devices/${device.deviceId}/telemetry/latest`, {}, undefined, apiKey)
    expect(body).toMatchObject({
      n: { value: 5 },
      mode: { value: 'auto' },
      late: { value: true, ts: 1_760_000_000_000 },
    })
    const events = await call('GET', `/api/devices/${device.deviceId}/events`, {}, undefined, apiKey)
    expect(JSON.stringify(events.body)).toContain('json_syntax')
  }
})
