import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { type Aggregation, bucketCount, intervalFor } from '../../domain/time-series.ts'
import type { ServiceContext } from '../context.ts'
import { aggregateSeries } from './aggregate-series.ts'
import { newestPoints } from './newest-points.ts'
import { ownDevices } from './own-devices.ts'
import type { QueryInput, Series } from './series.ts'

export interface QueryResult {
  readonly series: readonly Series[]
  readonly aggregation: Aggregation
  readonly interval: number | null
  /** Of raw points: older readings of the range were left out, or not looked at. */
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
  const series = await aggregateSeries(ctx, devices, input, { interval, buckets })
  return { series, aggregation: input.aggregation, interval, truncated: false }
}
