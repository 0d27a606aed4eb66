import type { TelemetryValue } from './telemetry.ts'

export const aggregations = ['none', 'avg', 'min', 'max', 'sum', 'count', 'first', 'last'] as const
export type Aggregation = (typeof aggregations)[number]

export type Point = readonly [ts: number, value: TelemetryValue]

/** Intervals that people expect on an axis, in ms. */
const steps = [
  1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000,
  7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
]

/** Buckets are aligned to the epoch: a bucket starts at a multiple of the interval. */
export function bucketOf(ts: number, interval: number): number {
  return ts - (ts % interval)
}

export function bucketCount(from: number, to: number, interval: number): number {
  return Math.floor(to / interval) - Math.floor(from / interval) + 1
}

/** The shortest of the usual intervals (whole days beyond them) that leaves at most `most` buckets. */
export function intervalFor(from: number, to: number, most: number): number {
  const fits = steps.find((step) => bucketCount(from, to, step) <= most)
  if (fits !== undefined) return fits
  const day = 86_400_000
  let days = 1
  while (bucketCount(from, to, days * day) > most) days = Math.max(days + 1, Math.ceil((to - from) / (most * day)))
  return days * day
}

/** What a bucket holds. `value` and `at` are those of its first or last reading, where that was asked for. */
export interface Bucket {
  readonly n: number
  readonly sum: number | null
  readonly min: number | null
  readonly max: number | null
  readonly value: TelemetryValue | null
  readonly at: number
}

/** Parts of one bucket that lie in different shards. */
export function mergeBuckets(a: Bucket, b: Bucket, aggregation: Aggregation): Bucket {
  const chosen = (aggregation === 'first' ? a.at <= b.at : a.at > b.at) ? a : b
  return {
    n: a.n + b.n,
    sum: (a.sum ?? 0) + (b.sum ?? 0),
    min: Math.min(a.min ?? Number.POSITIVE_INFINITY, b.min ?? Number.POSITIVE_INFINITY),
    max: Math.max(a.max ?? Number.NEGATIVE_INFINITY, b.max ?? Number.NEGATIVE_INFINITY),
    value: chosen.value,
    at: chosen.at,
  }
}

export function bucketValue(bucket: Bucket, aggregation: Aggregation): TelemetryValue {
  switch (aggregation) {
    case 'avg':
      return (bucket.sum ?? 0) / bucket.n
    case 'sum':
    case 'min':
    case 'max':
      return bucket[aggregation] ?? 0
    case 'count':
      return bucket.n
    default:
      return bucket.value ?? 0
  }
}
