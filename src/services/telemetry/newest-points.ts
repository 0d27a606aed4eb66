import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { emptyRecord } from '../../domain/telemetry.ts'
import type { Point } from '../../domain/time-series.ts'
import { readNewestFirst } from '../../store/read-telemetry.ts'
import type { ServiceContext } from '../context.ts'
import type { QueryInput, Series } from './series.ts'

/** Raw points: the newest N of each series, oldest first. */
export async function newestPoints(
  ctx: ServiceContext,
  devices: readonly DeviceIdentity[],
  input: QueryInput,
): Promise<{ series: Series[]; truncated: boolean }> {
  const most = Math.min(input.maxDataPoints ?? limits.queryPoints, limits.queryPoints)
  const results = await Promise.all(devices.map((device) => readDevice(ctx, device, input, most)))
  const asked = input.maxDataPoints !== undefined
  const truncated = !asked && results.some((result) => result.truncated)
  const series = input.combineDevices
    ? combine(results, devices, most)
    : results.flatMap(({ deviceId, points }) =>
        Object.keys(points).map((key): Series => ({ deviceId, key, points: (points[key] ?? []).toReversed() })),
      )
  if (series.reduce((sum, { points }) => sum + points.length, 0) > limits.answerPoints) {
    const detail = `The answer would hold more than ${limits.answerPoints} points. Ask for fewer keys or devices, or set maxDataPoints.`
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail })
  }
  return { series, truncated }
}

interface DevicePoints {
  readonly deviceId: string
  /** Newest first. */
  readonly points: Record<string, Point[]>
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
): Promise<DevicePoints> {
  const { from, to, keys } = input
  const points = emptyRecord<Point[]>()
  for (const key of keys) points[key] = []
  const budget = Math.max(limits.readFloor, most * limits.readFactor)
  let open = keys.length === 0 ? Number.POSITIVE_INFINITY : keys.length
  let rows = 0
  for await (const { ts, values } of readNewestFirst(ctx.telemetry, device, from, to, budget)) {
    rows++
    for (const key of Object.keys(values)) {
      const list = points[key] ?? (keys.length === 0 ? [] : undefined)
      if (!list || list.length >= most) continue
      list.push([ts, values[key] as Point[1]])
      points[key] = list
      if (list.length === most) open--
    }
    if (open <= 0 || (keys.length === 0 && rows >= most)) break
  }
  const truncated = rows >= budget || open <= 0 || (keys.length === 0 && rows >= most)
  if (keys.some((key) => points[key]?.length === 0)) await addLatest(ctx, device, points, from, to)
  return { deviceId: device.deviceId, points, truncated }
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

function combine(results: readonly DevicePoints[], devices: readonly DeviceIdentity[], most: number): Series[] {
  const merged = emptyRecord<Point[]>()
  for (const { points } of results) {
    for (const key of Object.keys(points)) merged[key] = [...(merged[key] ?? []), ...(points[key] ?? [])]
  }
  const deviceIds = devices.map(({ deviceId }) => deviceId)
  return Object.keys(merged).map((key): Series => {
    const points = (merged[key] ?? []).sort((a, b) => a[0] - b[0])
    return { deviceId: null, deviceIds, key, points: points.slice(-most) }
  })
}
