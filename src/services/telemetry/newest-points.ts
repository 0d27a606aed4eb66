import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { emptyRecord, type TelemetryValue } from '../../domain/telemetry.ts'
import type { Point } from '../../domain/time-series.ts'
import { readNewestFirst } from '../../store/read-telemetry.ts'
import type { ServiceContext } from '../context.ts'
import type { QueryInput, Series } from './series.ts'

/** Devices read at once: D1 takes six queries of a request at a time, and each holds a chunk of readings. */
const together = 6

/** How many points are read so far, over all devices. */
interface Count {
  points: number
}

/**
 * Raw points: the newest N of each series, oldest first. Without `maxDataPoints` N is what fits into an answer.
 * @throws AppError validation_rejected where more was asked for than an answer holds
 */
export async function newestPoints(
  ctx: ServiceContext,
  devices: readonly DeviceIdentity[],
  input: QueryInput,
): Promise<{ series: Series[]; truncated: boolean }> {
  const fitting = Math.floor(limits.answerPoints / (devices.length * Math.max(1, input.keys.length)))
  const most = input.maxDataPoints ?? Math.max(1, Math.min(limits.queryPoints, fitting))
  const count: Count = { points: 0 }
  const results: DevicePoints[] = []
  for (let i = 0; i < devices.length; i += together) {
    const some = devices.slice(i, i + together)
    results.push(...(await Promise.all(some.map((device) => readDevice(ctx, device, input, most, count)))))
  }
  const truncated = results.some((result) => result.truncated)
  if (input.combineDevices) return combine(results, devices, input, most, truncated)
  const series = results.flatMap(({ deviceId, points }) =>
    Object.keys(points).map((key): Series => ({ deviceId, key, points: (points[key] ?? []).toReversed() })),
  )
  return { series, truncated }
}

interface DevicePoints {
  readonly deviceId: string
  /** Newest first. */
  readonly points: Record<string, Point[]>
  /** Older points were left out that nobody asked to leave out. */
  readonly truncated: boolean
}

/**
 * Looks at no more than `limits.readFactor` rows for each point asked for (1,000 at least). A key whose newest
 * value is older than that comes from the device's latest values: it is never missing.
 */
async function readDevice(
  ctx: ServiceContext,
  device: DeviceIdentity,
  input: QueryInput,
  most: number,
  count: Count,
): Promise<DevicePoints> {
  const { from, to, keys } = input
  const points = emptyRecord<Point[]>()
  for (const key of keys) points[key] = []
  const budget = Math.max(limits.readFloor, most * limits.readFactor)
  let open = Object.keys(points).length
  let rows = 0
  let cut = false
  for await (const { ts, values } of readNewestFirst(ctx.telemetry, device, from, to, budget + 1)) {
    if (++rows > budget || (keys.length === 0 && rows > most)) {
      cut = rows > budget || input.maxDataPoints === undefined
      break
    }
    for (const key of Object.keys(values)) {
      if (keys.length === 0) points[key] ??= []
      const list = points[key]
      if (!list) continue
      if (list.length === most) cut ||= input.maxDataPoints === undefined
      else {
        list.push([ts, values[key] as TelemetryValue])
        if (++count.points > limits.answerPoints) throw tooManyPoints()
        if (list.length === most) open--
      }
    }
    if (keys.length > 0 && open === 0 && (input.maxDataPoints !== undefined || cut)) break
  }
  if (keys.some((key) => points[key]?.length === 0)) await addLatest(ctx, device, points, from, to)
  return { deviceId: device.deviceId, points, truncated: cut }
}

function tooManyPoints(): AppError {
  const detail = `The answer would hold more than ${limits.answerPoints} points. Ask for fewer keys or devices, or a lower maxDataPoints.`
  return new AppError('validation_rejected', { reason: 'field_invalid', detail })
}

async function addLatest(
  ctx: ServiceContext,
  device: DeviceIdentity,
  points: Record<string, Point[]>,
  from: number,
  to: number,
) {
  const { values } = await ctx.platform.device(device.deviceId).latest(device)
  for (const [key, { ts, value }] of values) {
    if (points[key]?.length === 0 && ts >= from && ts <= to) points[key].push([ts, value])
  }
}

function combine(
  results: readonly DevicePoints[],
  devices: readonly DeviceIdentity[],
  { maxDataPoints }: QueryInput,
  most: number,
  truncated: boolean,
) {
  const merged = emptyRecord<Point[]>()
  for (const { points } of results) {
    for (const key of Object.keys(points)) merged[key] = [...(merged[key] ?? []), ...(points[key] ?? [])]
  }
  const deviceIds = devices.map(({ deviceId }) => deviceId)
  const series = Object.keys(merged).map((key): Series => {
    const points = (merged[key] ?? []).sort((a, b) => a[0] - b[0])
    return { deviceId: null, deviceIds, key, points: points.slice(-most) }
  })
  const cut = maxDataPoints === undefined && Object.values(merged).some(({ length }) => length > most)
  return { series, truncated: truncated || cut }
}
