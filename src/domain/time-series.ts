import type { TelemetryValue } from './telemetry.ts'

export const aggregations = ['none', 'avg', 'min', 'max', 'sum', 'count', 'first', 'last'] as const
export type Aggregation = (typeof aggregations)[number]

export type Point = readonly [ts: number, value: TelemetryValue | null]

const day = 86_400_000
/** Any epoch ms that a date can have. */
export const timeDigits = 16

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
  const shortest = Math.ceil((to - from) / (Math.max(1, most - 1) * day)) * day
  // One bucket fits where none of its borders lies in the range: at the latest when it reaches back to the epoch.
  return bucketCount(from, to, shortest) <= most ? shortest : (Math.floor(to / day) + 1) * day
}

/** What one reading or many left of a key in a bucket. Parts of one bucket come from several reads and shards. */
export interface Part {
  readonly n: number
  /** The sum (for avg too), the lowest or the highest number. */
  readonly number: number
  /** The first or last value: sixteen digits of its time, then its JSON. */
  readonly edge: string
}

export function mergeParts(a: Part, b: Part, aggregation: Aggregation): Part {
  const earlier = a.edge < b.edge
  const edge = earlier === (aggregation === 'first') ? a.edge : b.edge
  return { n: a.n + b.n, number: mergeNumbers(a.number, b.number, aggregation), edge }
}

function mergeNumbers(a: number, b: number, aggregation: Aggregation): number {
  if (aggregation === 'min') return Math.min(a, b)
  return aggregation === 'max' ? Math.max(a, b) : a + b
}

/** null: a sum that no double holds. */
export function partValue({ n, number, edge }: Part, aggregation: Aggregation): TelemetryValue | null {
  if (aggregation === 'count') return n
  if (aggregation === 'first' || aggregation === 'last') return JSON.parse(edge.slice(timeDigits)) as TelemetryValue
  if (!Number.isFinite(number)) return null
  return aggregation === 'avg' ? number / n : number
}
