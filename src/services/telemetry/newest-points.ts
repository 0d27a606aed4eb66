import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { emptyRecord, type TelemetryValue, type TimedValue } from '../../domain/telemetry.ts'
import type { Point } from '../../domain/time-series.ts'
import { readNewestFirst } from '../../store/read-telemetry.ts'
import type { ServiceContext } from '../context.ts'
import type { QueryInput, Series } from './series.ts'

/** Devices read at once: D1 takes six queries of a request at a time, and each holds a chunk of readings. */
const together = 6

type Latest = readonly (readonly [key: string, value: TimedValue])[]

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
  if (input.combineDevices) return combine(results, devices, most, truncated)
  const series = results.flatMap(({ deviceId, points }) =>
    Object.keys(points).map((key): Series => ({ deviceId, key, points: (points[key] ?? []).toReversed() })),
  )
  return { series, truncated }
}

interface DevicePoints {
  readonly deviceId: string
  /** Newest first. */
  readonly points: Record<string, Point[]>
  /** Older readings of the range were left out, or not looked at. */
  readonly truncated: boolean
}

/**
 * Looks at no more than `limits.readFactor` rows for each point asked for (1,000 at least). A key whose newest
 * value is older than that comes from the device's latest values: it is never missing. They also name the keys
 * where the caller names none.
 */
async function readDevice(
  ctx: ServiceContext,
  device: DeviceIdentity,
  input: QueryInput,
  most: number,
  count: Count,
): Promise<DevicePoints> {
  const { from, to, keys } = input
  const latest = async () => (await ctx.platform.device(device.deviceId).latest(device)).values
  const known = keys.length === 0 ? await latest() : undefined
  const points = emptyRecord<Point[]>()
  for (const key of known ? keysSince(known, from) : keys) points[key] = []
  const budget = Math.max(limits.readFloor, most * limits.readFactor)
  let open = Object.keys(points).length
  let rows = 0
  let cut = false
  for await (const { ts, values } of readNewestFirst(ctx.telemetry, device, from, to, budget + 1)) {
    if (rows === budget || (rows > 0 && open === 0)) {
      cut = true
      break
    }
    rows++
    for (const key of Object.keys(values)) {
      if (known && !points[key]) {
        points[key] = []
        open++
      }
      const list = points[key]
      if (!list) continue
      if (list.length === most) cut = true
      else {
        list.push([ts, values[key] as TelemetryValue])
        if (++count.points > limits.answerPoints) throw tooManyPoints()
        if (list.length === most) open--
      }
    }
  }
  const empty = () => Object.keys(points).filter((key) => points[key]?.length === 0)
  if (empty().length > 0) addLatest(known ?? (await latest()), points, from, to)
  if (known) for (const key of empty()) delete points[key]
  return { deviceId: device.deviceId, points, truncated: cut }
}

/** A key whose newest value is older has no point in the range. */
function keysSince(latest: Latest, from: number): string[] {
  return latest.flatMap(([key, { ts }]) => (ts >= from ? [key] : []))
}

function tooManyPoints(): AppError {
  const detail = `The answer would hold more than ${limits.answerPoints} points. Ask for fewer keys or devices, or a lower maxDataPoints.`
  return new AppError('validation_rejected', { reason: 'field_invalid', detail })
}

function addLatest(latest: Latest, points: Record<string, Point[]>, from: number, to: number) {
  for (const [key, { ts, value }] of latest) {
    if (points[key]?.length === 0 && ts >= from && ts <= to) points[key].push([ts, value])
  }
}

function combine(
  results: readonly DevicePoints[],
  devices: readonly DeviceIdentity[],
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
  const cut = Object.values(merged).some(({ length }) => length > most)
  return { series, truncated: truncated || cut }
}
