import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import {
  type Aggregation,
  bucketCount,
  bucketValue,
  intervalFor,
  mergeBuckets,
  type Point,
} from '../../domain/time-series.ts'
import { type BucketRow, readBuckets, stretchesOf } from '../../store/read-telemetry.ts'
import type { ServiceContext } from '../context.ts'
import { newestPoints } from './newest-points.ts'
import { ownDevices } from './own-devices.ts'
import type { QueryInput, Series } from './series.ts'

export interface QueryResult {
  readonly series: readonly Series[]
  readonly aggregation: Aggregation
  readonly interval: number | null
  /** True where older points of the range were left out. */
  readonly truncated: boolean
}

/** @throws AppError device_not_found, validation_rejected where the answer would be too large */
export async function queryTelemetry({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: QueryInput
}): Promise<QueryResult> {
  const devices = await ownDevices(ctx, [...new Set(input.deviceIds.map((id) => id.toLowerCase()))])
  if (input.aggregation === 'none') {
    const { series, truncated } = await newestPoints(ctx, devices, input)
    return { series, aggregation: 'none', interval: null, truncated }
  }
  const interval = input.interval ?? intervalFor(input.from, input.to, input.maxDataPoints ?? 1_000)
  const buckets = bucketCount(input.from, input.to, interval)
  if (buckets > limits.queryBuckets) {
    const detail = `An interval of ${interval} ms gives ${buckets} buckets; at most ${limits.queryBuckets} are answered. Ask for a longer interval or a shorter range.`
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail })
  }
  const rows = await aggregate(ctx, devices, input, interval)
  return { series: toSeries(rows, devices, input), aggregation: input.aggregation, interval, truncated: false }
}

async function aggregate(ctx: ServiceContext, devices: readonly DeviceIdentity[], input: QueryInput, interval: number) {
  const { keys, aggregation, combineDevices: combine } = input
  const limit = limits.answerPoints + 1
  const rows = await Promise.all(
    [...byStretch(devices, input)].map(([name, deviceIds]) => {
      const [shard, from, to] = name.split(':').map(Number) as [number, number, number]
      return readBuckets(ctx.telemetry.shard(shard), {
        deviceIds,
        keys,
        from,
        to,
        interval,
        combine,
        aggregation,
        limit,
      })
    }),
  )
  if (rows.flat().length > limits.answerPoints) {
    const detail = `The answer would hold more than ${limits.answerPoints} points. Ask for fewer keys or devices, or a longer interval.`
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail })
  }
  return rows.flat()
}

/** Devices that share a shard over the same stretch of time are one statement. */
function byStretch(devices: readonly DeviceIdentity[], { from, to }: QueryInput): Map<string, string[]> {
  const stretches = new Map<string, string[]>()
  for (const device of devices) {
    for (const { shard, from: start, to: end } of stretchesOf(device, from, to)) {
      const name = `${shard}:${start}:${end}`
      stretches.set(name, [...(stretches.get(name) ?? []), device.deviceId])
    }
  }
  return stretches
}

function toSeries(rows: readonly BucketRow[], devices: readonly DeviceIdentity[], input: QueryInput): Series[] {
  const merged = new Map<string, BucketRow>()
  for (const row of rows) {
    const name = JSON.stringify([row.deviceId, row.key, row.bucket])
    const known = merged.get(name)
    merged.set(name, known ? { ...row, ...mergeBuckets(known, row, input.aggregation) } : row)
  }
  const series = new Map<string, { deviceId: string | null; key: string; points: Point[] }>()
  for (const row of [...merged.values()].sort((a, b) => a.bucket - b.bucket)) {
    const name = JSON.stringify([row.deviceId, row.key])
    const entry = series.get(name) ?? { deviceId: row.deviceId, key: row.key, points: [] }
    entry.points.push([row.bucket, bucketValue(row, input.aggregation)])
    series.set(name, entry)
  }
  const deviceIds = devices.map(({ deviceId }) => deviceId)
  return [...series.values()].map((entry) => (entry.deviceId === null ? { ...entry, deviceIds } : entry))
}
