import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import { newTenant, type Problem, send, type TestDevice, type TestTenant } from '../helpers/world.ts'

type Points = [ts: number, value: unknown][]

interface Answer {
  readonly series: { readonly deviceId: string | null; readonly key: string; readonly points: Points }[]
  readonly aggregation: string
  readonly interval: number | null
  readonly truncated: boolean
}

const t0 = 1_790_000_000_000
let tenant: TestTenant
let device: TestDevice

beforeAll(async () => {
  tenant = await newTenant()
  device = await tenant.device()
})

/** History as a lane would have left it. */
async function history(deviceId: string, rows: readonly (readonly [ts: number, values: object])[]): Promise<void> {
  await env.TELEMETRY_0.prepare(
    `INSERT INTO telemetry (device_id, ts, "values") SELECT ?1, value ->> 0, value -> 1 FROM json_each(?2)`,
  )
    .bind(deviceId, JSON.stringify(rows))
    .run()
}

async function query(body: object): Promise<Answer> {
  const response = await tenant.api('POST', '/api/v1/telemetry/query', body)
  expect(response.status).toBe(200)
  return response.json<Answer>()
}

const range = (id: string, search: string, headers = {}) =>
  tenant.api('GET', `/api/devices/${id}/telemetry/range?${search}`, undefined, headers)

/** Every page of a range, newest first, and what the pages held together. */
async function allPages(id: string, search: string) {
  const series = new Map<string, Points>()
  let pages = 0
  let path: string | undefined = `/api/devices/${id}/telemetry/range?${search}`
  while (path !== undefined) {
    const response: Response = await tenant.api('GET', path)
    expect(response.status).toBe(200)
    for (const [key, points] of Object.entries(await response.json<Record<string, Points>>())) {
      series.set(key, [...points, ...(series.get(key) ?? [])])
    }
    path = /^<(.+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
    expect(path === undefined).toBe(response.headers.get('x-next-to') === null)
    expect(++pages).toBeLessThan(100)
  }
  return { pages, series }
}

describe('the latest values', () => {
  it('are a map of each key and nothing else, also of the oddest keys', async () => {
    const { deviceId, token } = await tenant.device()
    await send(token, `{"ts":${t0},"__proto__":1,"a.b":true,"say \\"x\\"":"y","deviceId":[1,null]}`)
    const response = await tenant.api('GET', `/api/devices/${deviceId}/telemetry/latest`)
    const text = await response.text()
    expect(Object.entries(JSON.parse(text)).sort()).toEqual([
      ['__proto__', { value: 1, ts: t0 }],
      ['a.b', { value: true, ts: t0 }],
      ['deviceId', { value: [1, null], ts: t0 }],
      ['say "x"', { value: 'y', ts: t0 }],
    ])
    const some = await tenant.api('GET', `/api/devices/${deviceId}/telemetry/latest?keys=a.b, absent`)
    expect(await some.json()).toEqual({ 'a.b': { value: true, ts: t0 } })
    const swagger = await tenant.api('GET', `/api/devices/${deviceId}/telemetry/latest?format=swagger&keys=__proto__`)
    expect(await swagger.text()).toBe(`{"deviceId":"${deviceId}","values":{"__proto__":1},"ts":${t0}}`)
  })

  it('of a device that never spoke are empty', async () => {
    const { deviceId } = await tenant.device()
    expect(await (await tenant.api('GET', `/api/devices/${deviceId}/telemetry/latest`)).json()).toEqual({})
  })
})

describe('a range', () => {
  it('pages to older readings without a gap or a double, whichever keys a reading holds', async () => {
    const { deviceId } = await tenant.device()
    const rows = Array.from({ length: 2_500 }, (_, i): readonly [number, object] => [
      t0 + i * 7,
      i % 3 === 0 ? { a: i, b: i } : i % 3 === 1 ? { a: i } : i === 1_001 ? { rare: i } : { c: i },
    ])
    await history(deviceId, rows)
    for (const keys of ['a', 'a,b', 'rare', '', 'absent']) {
      const wanted = keys === '' ? ['a', 'b', 'c', 'rare'] : keys.split(',').filter((key) => key !== 'absent')
      const search = `from=${t0 + 70}&to=${t0 + 17_000}&limit=100${keys && `&keys=${keys}`}`
      const { series, pages } = await allPages(deviceId, search)
      const own = rows.filter(([ts]) => ts >= t0 + 70 && ts <= t0 + 17_000)
      const held = (key: string) =>
        own.flatMap(([ts, v]) => (key in v ? [[ts, (v as Record<string, unknown>)[key]]] : []))
      expect([...series].sort()).toEqual(wanted.map((key) => [key, held(key)]))
      expect(pages).toBeGreaterThan(1)
    }
  })

  it('loses nothing at the place where a page has looked far enough', async () => {
    const { deviceId } = await tenant.device()
    const last = limits.readFloor + 1
    await history(
      deviceId,
      Array.from({ length: last + 1 }, (_, i) => [t0 + i, i === 1 || i === 2 ? { x: i } : { a: i }]),
    )
    const { series, pages } = await allPages(deviceId, `keys=x&from=${t0}&to=${t0 + last}&limit=5`)
    expect(series.get('x')).toEqual([
      [t0 + 1, 1],
      [t0 + 2, 2],
    ])
    expect(pages).toBe(2)
  })

  it('holds the newest readings, oldest first, or newest first where asked', async () => {
    const { deviceId } = await tenant.device()
    await history(
      deviceId,
      [1, 2, 3, 4].map((n) => [t0 + n, { n }]),
    )
    const points = async (search: string) => (await (await range(deviceId, search)).json<{ n: Points }>()).n
    expect(await points(`from=${t0}&to=${t0 + 9}&limit=2`)).toEqual([
      [t0 + 3, 3],
      [t0 + 4, 4],
    ])
    expect(await points(`from=${t0}&to=${t0 + 3}&limit=2&order=desc`)).toEqual([
      [t0 + 3, 3],
      [t0 + 2, 2],
    ])
    const iso = `from=${new Date(t0 + 2).toISOString()}&to=${new Date(t0 + 2).toISOString()}`
    expect(await points(iso)).toEqual([[t0 + 2, 2]])
  })

  it('is the last hour where nothing is said', async () => {
    const { deviceId } = await tenant.device()
    const now = Date.now()
    await history(deviceId, [
      [now - limits.defaultRangeMs - 60_000, { n: 1 }],
      [now - 60_000, { n: 2 }],
    ])
    expect(await (await range(deviceId, '')).json()).toEqual({ n: [[now - 60_000, 2]] })
    expect(await (await range(deviceId, 'from=0')).json()).toMatchObject({ n: { length: 2 } })
  })

  it('without an end holds a burst whose given times run ahead of the clock', async () => {
    const { deviceId, token } = await tenant.device()
    const items = Array.from({ length: 100 }, (_, n) => ({ telemetry: { n } }))
    for (let burst = 0; burst < 3; burst++) await send(token, { items }, {}, 'telemetry/batch')
    const { n } = await (await range(deviceId, '')).json<{ n: Points }>()
    expect(n).toHaveLength(300)
    const { series } = await query({ deviceIds: [deviceId], keys: ['n'] })
    expect(series[0]?.points).toHaveLength(300)
  })

  it('ends a page early rather than outgrow an answer', async () => {
    const { deviceId } = await tenant.device()
    const values = Object.fromEntries(Array.from({ length: limits.keysPerReading }, (_, i) => [`k${i}`, i]))
    const rows = Array.from({ length: 500 }, (_, i) => [t0 + i, values] as const)
    await history(deviceId, rows)
    const response = await range(deviceId, `from=0&to=${t0 + 999}&limit=500`)
    const page = Object.values(await response.json<Record<string, Points>>())
    const held = page.reduce((sum, points) => sum + points.length, 0)
    expect(held).toBeLessThan(limits.answerPoints + limits.keysPerReading)
    const { series } = await allPages(deviceId, `from=0&to=${t0 + 999}&limit=500`)
    expect([...series.values()].every((points) => points.length === 500)).toBe(true)
  })
})

describe('a query', () => {
  const minute = 60_000
  let other: TestDevice

  beforeAll(async () => {
    other = await tenant.device()
    await history(device.deviceId, [
      [t0, { t: 10, on: true, state: 'idle' }],
      [t0 + 10_000, { t: 20, state: 'busy' }],
      [t0 + 2 * minute, { t: 'broken', on: false }],
      [t0 + 3 * minute, { t: 40 }],
    ])
    await history(other.deviceId, [[t0 + 5_000, { t: 60 }]])
  })

  const series = async (fields: object) =>
    (await query({ deviceIds: [device.deviceId], keys: ['t'], from: t0, to: t0 + 10 * minute, ...fields })).series
  const bucket = (n: number) => Math.floor((t0 + n * minute) / minute) * minute

  it('aggregates into buckets that begin at multiples of the interval', async () => {
    const points = async (aggregation: string, key = 't') =>
      (await series({ aggregation, interval: minute, keys: [key] }))[0]?.points
    expect(await points('avg')).toEqual([
      [bucket(0), 15],
      [bucket(3), 40],
    ])
    expect(await points('count')).toEqual([
      [bucket(0), 2],
      [bucket(2), 1],
      [bucket(3), 1],
    ])
    expect(await points('last')).toEqual([
      [bucket(0), 20],
      [bucket(2), 'broken'],
      [bucket(3), 40],
    ])
    expect(await points('first', 'state')).toEqual([[bucket(0), 'idle']])
    expect(await points('sum', 'on')).toEqual([
      [bucket(0), 1],
      [bucket(2), 0],
    ])
    expect(await points('max', 'state')).toEqual([])
  })

  it('takes an unknown aggregation as none, and the app gets its latest value as the last point', async () => {
    for (const aggregation of ['none', 'median', 'AVG', undefined]) {
      const answer = await series({ aggregation, maxDataPoints: 2 })
      expect(answer).toEqual([
        {
          deviceId: device.deviceId,
          key: 't',
          points: [
            [t0 + 2 * minute, 'broken'],
            [t0 + 3 * minute, 40],
          ],
        },
      ])
    }
    expect((await series({ aggregation: 'none', maxDataPoints: 1 }))[0]?.points.at(-1)).toEqual([t0 + 3 * minute, 40])
  })

  it('chooses an interval for at most maxDataPoints buckets', async () => {
    for (const maxDataPoints of [1, 3, 100]) {
      const body = { deviceIds: [device.deviceId], keys: ['t'], from: t0, to: t0 + 10 * minute }
      const { series, interval } = await query({ ...body, aggregation: 'count', maxDataPoints })
      expect(interval).toBeGreaterThan(0)
      expect(series[0]?.points.length).toBeLessThanOrEqual(maxDataPoints)
      expect(series[0]?.points.reduce((sum, [, n]) => sum + Number(n), 0)).toBe(4)
    }
  })

  it('combines devices: an average is over all readings', async () => {
    const both = { deviceIds: [device.deviceId, other.deviceId], aggregation: 'avg', interval: minute }
    expect((await series(both)).map(({ deviceId }) => deviceId)).toEqual([device.deviceId, other.deviceId])
    expect(await series({ ...both, combineDevices: true })).toEqual([
      {
        deviceId: null,
        deviceIds: [device.deviceId, other.deviceId],
        key: 't',
        points: [
          [bucket(0), 30],
          [bucket(3), 40],
        ],
      },
    ])
  })

  it('finds the keys where none is named', async () => {
    const { deviceId, token } = await tenant.device()
    await send(token, { ts: t0, n: 1, s: 'x' })
    const keys = async (aggregation: string) =>
      (await query({ deviceIds: [deviceId], from: t0, to: t0, aggregation })).series.map(({ key }) => key).sort()
    expect(await keys('avg')).toEqual(['n'])
    expect(await keys('none')).toEqual(['n', 's'])
  })

  it('of another tenant, an unknown or a malformed id is the same 404 for the whole call', async () => {
    const stranger = await (await newTenant()).device()
    for (const id of [stranger.deviceId, crypto.randomUUID(), 'x']) {
      const deviceIds = [device.deviceId, id]
      const response = await tenant.api('POST', '/api/v1/telemetry/query', { deviceIds, keys: ['t'] })
      expect([response.status, (await response.json<Problem>()).code]).toEqual([404, 'device_not_found'])
    }
  })
})

describe('keys', () => {
  it('of a device and of the tenant come with type and newest time', async () => {
    const own = await newTenant()
    const { deviceId, token } = await own.device()
    await send(token, { ts: t0, n: 1, on: false, s: 'x', list: [1] })
    const expected = [
      { key: 'list', type: 'json', lastTs: t0 },
      { key: 'n', type: 'number', lastTs: t0 },
      { key: 'on', type: 'boolean', lastTs: t0 },
      { key: 's', type: 'string', lastTs: t0 },
    ]
    const paths = [`/api/devices/${deviceId}/keys`, `/api/devices/${deviceId}/telemetry/keys`]
    for (const path of [...paths, '/api/devices/keys', '/api/telemetry/keys']) {
      expect(await (await own.api('GET', path)).json()).toEqual(expected)
    }
    expect(await (await (await newTenant()).api('GET', '/api/telemetry/keys')).json()).toEqual([])
  })
})

describe('CSV', () => {
  const csv = { accept: 'text/csv' }

  it('of a range has a line a reading, and runs no formula', async () => {
    const { deviceId } = await tenant.device()
    await history(deviceId, [
      [t0, { a: -1, '=b': '=1+1' }],
      [t0 + 1, { a: 'x,"y"' }],
    ])
    const time = (n: number) => `${new Date(t0 + n).toISOString()},${t0 + n}`
    const response = await range(deviceId, `from=${t0}&to=${t0 + 9}`, csv)
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    const lines = [`time,ts,'=b,a`, `${time(0)},'=1+1,-1`, `${time(1)},,"x,""y"""`]
    expect(await response.text()).toBe(`${lines.join('\r\n')}\r\n`)
    const newestFirst = await (await range(deviceId, `from=${t0}&to=${t0 + 9}&order=desc`, csv)).text()
    expect(newestFirst).toBe(`${[lines[0], lines[2], lines[1]].join('\r\n')}\r\n`)
    const page = await range(deviceId, `from=${t0}&to=${t0 + 9}&limit=1`, csv)
    expect(page.headers.get('x-next-to')).toBe(String(t0))
    await page.body?.cancel()
  })

  it('of a query has a line a point', async () => {
    const { deviceId } = await tenant.device()
    await history(deviceId, [[t0, { a: 1.5 }]])
    const body = { deviceIds: [deviceId], keys: ['a'], from: t0, to: t0, aggregation: 'none' }
    const response = await tenant.api('POST', '/api/v1/telemetry/query', body, csv)
    const line = `${deviceId},a,${new Date(t0).toISOString()},${t0},1.5`
    expect(await response.text()).toBe(`deviceId,key,time,ts,value\r\n${line}\r\n`)
  })
})

describe('bad input', () => {
  const wrongTimes = ['', 'yesterday', '-1', '1.5', 'NaN', 'null', '9e99', '2026-13-01T00:00:00Z']

  it('gets a 422 that names the field', async () => {
    const searches = [
      ...wrongTimes.flatMap((time) => [`from=${time}`, `to=${time}`]),
      ...['limit=0', 'limit=x', `limit=${limits.queryPoints + 1}`, 'order=up', `from=${t0 + 1}&to=${t0}`],
    ]
    for (const search of searches) {
      const response = await range(device.deviceId, search)
      const { code, reason } = await response.json<Problem>()
      expect([search, response.status, code, reason]).toEqual([search, 422, 'validation_rejected', 'field_invalid'])
    }
    const bodies: object[] = [
      {},
      { deviceIds: [] },
      { deviceIds: Array(limits.queryDevices + 1).fill(device.deviceId) },
      { deviceIds: 'x' },
      { from: null },
      { from: true },
      { from: [] },
      { from: t0, to: t0 - 1 },
      { keys: Array(limits.queryKeys + 1).fill('a') },
      { maxDataPoints: 0 },
      { maxDataPoints: limits.queryPoints + 1 },
      { aggregation: 'avg', interval: 1_000, from: 0 },
      { aggregation: 'avg', interval: -1 },
    ]
    for (const body of bodies) {
      const deviceIds = 'deviceIds' in body || Object.keys(body).length === 0 ? {} : { deviceIds: [device.deviceId] }
      const response = await tenant.api('POST', '/api/v1/telemetry/query', { ...deviceIds, ...body })
      const { code, reason } = await response.json<Problem>()
      expect([body, response.status, code, reason]).toEqual([body, 422, 'validation_rejected', 'field_invalid'])
    }
  })

  it('is never answered 5xx', async () => {
    const field = fc.oneof(fc.anything({ maxDepth: 1 }), fc.integer(), fc.string())
    const bodies = fc.record(
      {
        deviceIds: fc.constant([device.deviceId]),
        keys: fc.oneof(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), field),
        from: fc.oneof(fc.nat(), fc.constant(t0), field),
        to: fc.oneof(fc.constantFrom(t0 + 9e9, 8.64e15), field),
        aggregation: fc.oneof(fc.constantFrom('avg', 'sum', 'first', 'count', 'none'), field),
        interval: fc.oneof(fc.integer({ min: 1_000 }), field),
        maxDataPoints: fc.oneof(fc.integer({ min: 1, max: limits.queryPoints }), field),
        combineDevices: fc.oneof(fc.boolean(), field),
      },
      { requiredKeys: ['deviceIds'] },
    )
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const text = JSON.stringify(body, (_, value) => (typeof value === 'bigint' ? String(value) : value))
        const response = await tenant.api('POST', '/api/v1/telemetry/query', text)
        await response.text()
        expect(response.status).toBeLessThan(500)
      }),
      { numRuns: 200 },
    )
  })
})
