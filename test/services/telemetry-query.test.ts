import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newDeviceId, newTenantId } from '../../src/domain/ids.ts'
import { limits } from '../../src/domain/limits.ts'
import type { DeviceIdentity, ShardSpan } from '../../src/domain/principal.ts'
import type { TelemetryValue } from '../../src/domain/telemetry.ts'
import { type Aggregation, aggregations, bucketOf } from '../../src/domain/time-series.ts'
import type { ServiceContext } from '../../src/services/context.ts'
import { aggregateSeries } from '../../src/services/telemetry/aggregate-series.ts'
import { newestPoints } from '../../src/services/telemetry/newest-points.ts'
import type { QueryInput, Series } from '../../src/services/telemetry/series.ts'
import { readNewestFirst, stretchesOf } from '../../src/store/read-telemetry.ts'
import { counted, type Tally } from '../helpers/d1.ts'

type Reading = readonly [ts: number, values: Readonly<Record<string, TelemetryValue>>]

const t0 = 1_790_000_000_000
const tenantId = newTenantId()
/** The registry plays the second shard: it is the other database that is bound. */
const databases = [env.TELEMETRY_0, env.DB] as const

beforeAll(async () => {
  const { sql } = (await env.TELEMETRY_0.prepare(`SELECT sql FROM sqlite_schema WHERE name = 'telemetry'`).first<{
    sql: string
  }>()) ?? { sql: '' }
  await env.DB.prepare(sql).run()
})
afterAll(async () => {
  await env.DB.prepare('DROP TABLE telemetry').run()
})

function identity(shards: readonly ShardSpan[] = []): DeviceIdentity {
  return { tenantId, deviceId: newDeviceId(), isGateway: false, inactivityTimeoutMs: 1, shards }
}

async function store(device: DeviceIdentity, readings: readonly Reading[]): Promise<void> {
  for (const { shard, from, to } of stretchesOf(device, 0, 8.64e15)) {
    const own = readings.filter(([ts]) => ts >= from && ts <= to)
    for (let i = 0; i < own.length; i += 5_000) {
      await databases[shard as 0 | 1]
        .prepare(
          `INSERT INTO telemetry (device_id, ts, "values") SELECT ?1, value ->> 0, value -> 1 FROM json_each(?2) WHERE true
           ON CONFLICT DO UPDATE SET "values" = excluded."values"`,
        )
        .bind(device.deviceId, JSON.stringify(own.slice(i, i + 5_000)))
        .run()
    }
  }
}

/** A context whose devices remember these latest values. */
function context(tally?: Tally, latest: Readonly<Record<string, TelemetryValue>> = {}): ServiceContext {
  const shard = (n: number) => {
    const db = databases[n as 0 | 1]
    return tally ? counted(db, tally) : db
  }
  const values = Object.entries(latest).map(([key, value]) => [key, { value, ts: t0 }])
  const platform = { device: () => ({ latest: async () => ({ lastSeen: null, values }) }) }
  return { telemetry: { all: databases, shard }, platform, tenantId } as unknown as ServiceContext
}

const query = (fields: Partial<QueryInput>): QueryInput => ({
  deviceIds: [],
  keys: [],
  from: t0,
  to: t0 + 1e9,
  aggregation: 'none',
  combineDevices: false,
  ...fields,
})

const axis = { interval: 60_000, buckets: 1 }
const newTally = (): Tally => ({ statements: 0, rowsRead: 0, rowsWritten: 0 })

/** What the words mean, one reading at a time. */
function bruteForce(readings: readonly Reading[], key: string, aggregation: Aggregation, interval: number) {
  const buckets = new Map<number, TelemetryValue[]>()
  for (const [ts, values] of [...readings].sort(([a], [b]) => a - b)) {
    if (!Object.hasOwn(values, key)) continue
    const value = values[key] as TelemetryValue
    const numeric = typeof value === 'number' || typeof value === 'boolean'
    if (!numeric && !['count', 'first', 'last'].includes(aggregation)) continue
    buckets.set(bucketOf(ts, interval), [...(buckets.get(bucketOf(ts, interval)) ?? []), value])
  }
  return [...buckets].map(([bucket, values]) => [bucket, aggregate(values, aggregation)])
}

function aggregate(values: readonly TelemetryValue[], aggregation: Aggregation): unknown {
  const numbers = values.map(Number)
  const sum = numbers.reduce((a, b) => a + b, 0)
  const answers: Record<string, unknown> = {
    avg: sum / numbers.length,
    sum,
    min: Math.min(...numbers),
    max: Math.max(...numbers),
    count: values.length,
    first: values[0],
    last: values.at(-1),
  }
  return answers[aggregation]
}

const oddKeys = [
  't',
  '__proto__',
  'a.b',
  'a[0]',
  'say "x"',
  'back\\slash',
  '温度 😀',
  '$',
  '\u0000',
  '\ud800',
  'toString',
]
const value = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((n) => n || 0) },
  { weight: 2, arbitrary: fc.integer({ min: -1_000, max: 1_000 }) },
  fc.boolean(),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('12', 'a\u0000b', '"', '', 'null'),
  fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 3 }),
)
/** Distinct times, since two devices' first values of one time are a tie. */
const history = fc.uniqueArray(
  fc.tuple(
    fc.integer({ min: 0, max: 600 }),
    fc.dictionary(fc.constantFrom(...oddKeys), value, { noNullPrototype: false }),
  ),
  { selector: ([at]) => at, minLength: 1, maxLength: 60 },
)

const rounded = (series: readonly Series[]) =>
  series.map(({ points }) => points.map(([ts, v]) => [ts, typeof v === 'number' ? Number(v.toPrecision(9)) : v]))

describe('aggregation in the database', () => {
  it('answers as a brute-force evaluator does: odd keys, two devices, two shards, combined or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        fc.constantFrom(...aggregations.filter((word) => word !== 'none')),
        fc.constantFrom(7, 60, 1_000).map((seconds) => seconds * 1_000),
        fc.boolean(),
        fc.integer({ min: 0, max: 600 }),
        async (readings, aggregation, interval, combineDevices, split) => {
          const timed = readings.map(([at, values]): Reading => [t0 + at * 1_000, values])
          const spans = [
            { fromTs: 0, shard: 0 },
            { fromTs: t0 + split * 1_000, shard: 1 },
          ]
          const devices = [identity(spans), identity()]
          const parts = devices.map((_, d) => timed.filter((_, i) => i % 2 === d))
          await Promise.all(devices.map((device, d) => store(device, parts[d] ?? [])))
          const input = query({ keys: oddKeys, aggregation, combineDevices })
          const series = await aggregateSeries(context(), devices, input, { interval, buckets: 100 })
          const expected = (combineDevices ? [timed] : parts).flatMap((own) =>
            oddKeys.map((key) => ({ deviceId: null, key, points: bruteForce(own, key, aggregation, interval) as [] })),
          )
          expect(series.map(({ key }) => key)).toEqual(expected.map(({ key }) => key))
          expect(rounded(series)).toEqual(rounded(expected))
        },
      ),
      { numRuns: 150 },
    )
  })

  it('reads each reading twice over, in rounds, and joins the rounds', async () => {
    const device = identity()
    const rows = limits.aggregateRoundRows + 1_234
    const values = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7 }
    await store(
      device,
      Array.from({ length: rows }, (_, i): Reading => [t0 + i * 1_000, values]),
    )
    const tally = newTally()
    const input = query({ keys: ['a', 'g', 'absent'], to: t0 + 1e12, aggregation: 'sum' })
    const series = await aggregateSeries(context(tally), [device], input, { interval: 86_400_000, buckets: 2 })
    const totals = series.map(({ points }) => points.reduce((sum, [, v]) => sum + Number(v), 0))
    expect(totals).toEqual([rows, 7 * rows, 0])
    expect(tally.statements).toBe(2)
    // D1 counts one more where a statement stops at its limit.
    expect(tally.rowsRead).toBeLessThanOrEqual(2 * rows + tally.statements)
  })

  it('takes fifty keys and fifty devices, a round trip for ten of them', async () => {
    const keys = Array.from({ length: limits.queryKeys }, (_, i) => `key.${i}`)
    const devices = Array.from({ length: limits.queryDevices }, () => identity())
    const values = Object.fromEntries(keys.map((key, i) => [key, i]))
    await Promise.all(devices.map((device) => store(device, [[t0, values]])))
    const input = query({ keys, aggregation: 'avg', combineDevices: true })
    const series = await aggregateSeries(context(), devices, input, axis)
    expect(series.map(({ points }) => points)).toEqual(keys.map((_, i) => [[bucketOf(t0, 60_000), i]]))
  })

  it('finds the numeric keys where none is named', async () => {
    const device = identity()
    await store(device, [[t0, { n: 2, on: true, text: 'x' }]])
    const latest = { n: 2, on: true, text: 'x' }
    const found = async (aggregation: Aggregation) =>
      (await aggregateSeries(context(undefined, latest), [device], query({ aggregation }), axis)).map(({ key }) => key)
    expect(await found('avg')).toEqual(['n', 'on'])
    expect(await found('last')).toEqual(['n', 'on', 'text'])
    const many = Object.fromEntries(Array.from({ length: limits.queryKeys + 1 }, (_, i) => [`k${i}`, i]))
    const refused = aggregateSeries(context(undefined, many), [device], query({ aggregation: 'avg' }), axis)
    await expect(refused).rejects.toMatchObject({ code: 'validation_rejected', reason: 'field_invalid' })
  })

  it('never overflows: integers near 2^63 add up, and a sum that no double holds is null', async () => {
    const device = identity()
    await store(device, [
      [t0, { big: 9e18, huge: 1e308 }],
      [t0 + 1, { big: 9e18, huge: 1e308 }],
    ])
    const input = query({ keys: ['big', 'huge'], aggregation: 'avg' })
    const series = await aggregateSeries(context(), [device], input, axis)
    expect(series.map(({ points }) => points[0]?.[1])).toEqual([9e18, null])
  })
})

describe('raw points', () => {
  it('across a shard border come without a seam or a double', async () => {
    const device = identity([
      { fromTs: 0, shard: 0 },
      { fromTs: t0 + 300, shard: 1 },
      { fromTs: t0 + 700, shard: 0 },
    ])
    const readings = Array.from({ length: 1_000 }, (_, i): Reading => [t0 + i, { n: i }])
    await store(device, readings)
    const read: number[] = []
    for await (const { ts } of readNewestFirst(context().telemetry, device, t0 + 10, t0 + 989, 10_000)) read.push(ts)
    expect(read).toEqual(Array.from({ length: 980 }, (_, i) => t0 + 989 - i))
  })

  it('say when older ones were left out, asked or not', async () => {
    const device = identity()
    const count = limits.queryPoints + 50
    await store(
      device,
      Array.from({ length: count }, (_, i): Reading => [t0 + i, i < 5 ? { a: i, rare: i } : { a: i }]),
    )
    const all = await newestPoints(context(), [device], query({ keys: ['a', 'rare'] }))
    expect(all.truncated).toBe(true)
    expect(all.series.map(({ points }) => points.length)).toEqual([limits.queryPoints, 5])
    expect(all.series[0]?.points.at(-1)).toEqual([t0 + count - 1, count - 1])
    const asked = await newestPoints(context(), [device], query({ keys: ['a'], maxDataPoints: 1 }))
    expect(asked).toMatchObject({ truncated: true, series: [{ points: [[t0 + count - 1, count - 1]] }] })
    const beyondTheBudget = await newestPoints(context(), [device], query({ keys: ['rare'], maxDataPoints: 5 }))
    expect(beyondTheBudget.truncated).toBe(true)
    const exactly = await newestPoints(context(), [device], query({ keys: ['a'], from: t0 + 50 }))
    expect(exactly).toMatchObject({ truncated: false, series: [{ points: { length: limits.queryPoints } }] })
  })

  it('are the newest so many of each key, also where no key is named', async () => {
    const device = identity()
    const readings = Array.from(
      { length: 90 },
      (_, i): Reading => [t0 + i, i % 3 ? { a: i } : i % 2 ? { b: i } : { c: i }],
    )
    await store(device, readings)
    const latest = { a: 89, b: 87, c: 84 }
    const newest = (key: string, most: number) =>
      readings.flatMap(([ts, values]) => (key in values ? [[ts, values[key]]] : [])).slice(-most)
    for (const [maxDataPoints, truncated] of [
      [1, true],
      [5, true],
      [60, false],
    ] as const) {
      const result = await newestPoints(context(undefined, latest), [device], query({ maxDataPoints }))
      expect(result.truncated).toBe(truncated)
      expect(Object.fromEntries(result.series.map(({ key, points }) => [key, points]))).toEqual({
        a: newest('a', maxDataPoints),
        b: newest('b', maxDataPoints),
        c: newest('c', maxDataPoints),
      })
    }
    const combined = query({ maxDataPoints: 16, combineDevices: true, keys: ['b'] })
    expect(await newestPoints(context(), [device], combined)).toMatchObject({ truncated: false })
    const cut = await newestPoints(context(), [device, device], combined)
    expect(cut).toMatchObject({ truncated: true, series: [{ points: { length: 16 } }] })
  })

  it('of many devices and keys stay within an answer, and are refused where more was asked for', async () => {
    const devices = [identity(), identity()]
    const values = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, 1]))
    const readings = Array.from({ length: 6_000 }, (_, i): Reading => [t0 + i, values])
    await Promise.all(devices.map((device) => store(device, readings)))
    const input = query({ keys: Object.keys(values) })
    const { series, truncated } = await newestPoints(context(), devices, input)
    expect([series.length, series[0]?.points.length, truncated]).toEqual([20, limits.answerPoints / 20, true])
    const refused = newestPoints(context(), devices, { ...input, maxDataPoints: 6_000 })
    await expect(refused).rejects.toMatchObject({ code: 'validation_rejected' })
  })

  it('of combined devices are merged by time', async () => {
    const devices = [identity(), identity()]
    await Promise.all(
      devices.map((device, d) =>
        store(
          device,
          Array.from({ length: 50 }, (_, i): Reading => [t0 + 2 * i + d, { n: 2 * i + d }]),
        ),
      ),
    )
    const input = query({ keys: ['n'], combineDevices: true, maxDataPoints: 30 })
    const { series } = await newestPoints(context(), devices, input)
    const points = Array.from({ length: 30 }, (_, i) => [t0 + 70 + i, 70 + i])
    expect(series).toEqual([{ deviceId: null, deviceIds: devices.map(({ deviceId }) => deviceId), key: 'n', points }])
  })
})
