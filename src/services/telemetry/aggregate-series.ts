import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { mergeParts, type Part, type Point, partValue } from '../../domain/time-series.ts'
import { type KeyPart, readBuckets } from '../../store/read-buckets.ts'
import { stretchesOf } from '../../store/read-telemetry.ts'
import type { ServiceContext } from '../context.ts'
import type { QueryInput, Series } from './series.ts'

interface Axis {
  readonly interval: number
  readonly buckets: number
}

/** A part of a device's history that is still to be read. */
interface Walk {
  readonly deviceId: string
  readonly shard: number
  readonly from: number
  readonly to: number
}

type Buckets = Map<number, Part>

/**
 * One series a device and key (a key alone where devices are combined), oldest bucket first; empty buckets are left out.
 * @throws AppError validation_rejected where too many readings or points would be needed
 */
export async function aggregateSeries(
  ctx: ServiceContext,
  devices: readonly DeviceIdentity[],
  input: QueryInput,
  axis: Axis,
): Promise<Series[]> {
  const keys = input.keys.length > 0 ? [...new Set(input.keys)] : await knownKeys(ctx, devices, input)
  const ids: (string | null)[] = input.combineDevices ? [null] : devices.map(({ deviceId }) => deviceId)
  const series = new Map(ids.map((id) => [id, new Map(keys.map((key): [string, Buckets] => [key, new Map()]))]))
  let points = 0
  for await (const { deviceId, parts } of readAll(ctx, devices, input, keys, axis)) {
    const own = series.get(input.combineDevices ? null : deviceId)
    for (const part of parts) {
      const buckets = own?.get(part.key)
      const known = buckets?.get(part.bucket)
      if (!known && ++points > limits.answerPoints) throw tooManyPoints()
      buckets?.set(part.bucket, known ? mergeParts(known, part, input.aggregation) : part)
    }
  }
  const deviceIds = devices.map(({ deviceId }) => deviceId)
  return [...series].flatMap(([deviceId, ofKeys]) =>
    [...ofKeys]
      .filter(([, buckets]) => input.keys.length > 0 || buckets.size > 0)
      .map(([key, buckets]): Series => {
        const points = toPoints(buckets, input)
        return deviceId === null ? { deviceId, deviceIds, key, points } : { deviceId, key, points }
      }),
  )
}

function toPoints(buckets: Buckets, { aggregation }: QueryInput): Point[] {
  return [...buckets].sort(([a], [b]) => a - b).map(([ts, part]) => [ts, partValue(part, aggregation)])
}

/** Where no key is named: those that the devices' objects know, and that hold what can be aggregated. */
async function knownKeys(ctx: ServiceContext, devices: readonly DeviceIdentity[], { aggregation }: QueryInput) {
  const anyKind = ['count', 'first', 'last'].includes(aggregation)
  const lists = await Promise.all(devices.map((device) => ctx.platform.device(device.deviceId).latest(device)))
  const known = new Set<string>()
  for (const [key, { value }] of lists.flatMap(({ values }) => values)) {
    if (anyKind || typeof value === 'number' || typeof value === 'boolean') known.add(key)
  }
  if (known.size <= limits.queryKeys) return [...known].sort()
  const detail = `The devices have ${known.size} keys; at most ${limits.queryKeys} are answered. Name the keys.`
  throw new AppError('validation_rejected', { reason: 'field_invalid', detail })
}

/** In rounds that each hold the database for a moment only: writers wait behind a read. */
async function* readAll(
  ctx: ServiceContext,
  devices: readonly DeviceIdentity[],
  input: QueryInput,
  keys: readonly string[],
  { interval, buckets }: Axis,
): AsyncGenerator<{ deviceId: string; parts: readonly KeyPart[] }> {
  if (keys.length === 0) return
  let open = devices.flatMap((device): Walk[] =>
    stretchesOf(device, input.from, input.to).map((stretch) => ({ deviceId: device.deviceId, ...stretch })),
  )
  const width = Math.max(1, Math.min(limits.aggregateBatch, Math.floor(limits.answerPoints / (buckets * keys.length))))
  let left: number = limits.aggregateRows
  while (open.length > 0) {
    if (left <= 0) throw tooManyReadings()
    const shard = open[0]?.shard ?? 0
    const round = open.filter((walk) => walk.shard === shard).slice(0, width)
    const rows = Math.floor(limits.aggregateRoundRows / round.length)
    const query = { keys, interval, aggregation: input.aggregation, rows }
    const results = await readBuckets(ctx.telemetry.shard(shard), round, query)
    open = open.filter((walk) => !round.includes(walk))
    for (const [i, walk] of round.entries()) {
      const result = results[i]
      if (!result) continue
      left -= result.scanned
      if (result.scanned === rows && result.reached < walk.to) open.push({ ...walk, from: result.reached + 1 })
      yield { deviceId: walk.deviceId, parts: result.parts }
    }
  }
}

function tooManyReadings(): AppError {
  const detail = `More than ${limits.aggregateRows} readings lie in the range. Ask for a shorter range or fewer devices.`
  return new AppError('validation_rejected', { reason: 'field_invalid', detail })
}

function tooManyPoints(): AppError {
  const detail = `The answer would hold more than ${limits.answerPoints} points. Ask for fewer keys or devices, or a longer interval.`
  return new AppError('validation_rejected', { reason: 'field_invalid', detail })
}
