import { limits } from '../../domain/limits.ts'
import { emptyRecord } from '../../domain/telemetry.ts'
import type { Point } from '../../domain/time-series.ts'
import { readNewestFirst } from '../../store/read-telemetry.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevice } from './own-devices.ts'

export interface RangeInput {
  readonly id: string
  /** Empty: every key. */
  readonly keys: readonly string[]
  readonly from: number
  readonly to: number
  /** Readings. */
  readonly limit: number
  readonly descending: boolean
}

export interface Range {
  readonly deviceId: string
  readonly series: Record<string, Point[]>
  /** Where the next older page ends; null where nothing older is left in the range. */
  readonly nextTo: number | null
}

/**
 * The newest `limit` readings of the range that hold one of the keys, or as many as fit into an answer. Looks at no
 * more than `limits.readFactor` times as many rows (1,000 at least); what is older is the next page's.
 */
export async function rangeTelemetry({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: RangeInput
}): Promise<Range> {
  const { from, to, limit } = input
  const device = await ownDevice(ctx, input.id)
  const wanted = input.keys.length === 0 ? undefined : new Set(input.keys)
  const budget = Math.max(limits.readFloor, limit * limits.readFactor)
  const series = emptyRecord<Point[]>()
  let seen = 0
  let taken = 0
  let points = 0
  let bytes = 0
  let nextTo: number | null = null
  for await (const { ts, values, size } of readNewestFirst(
    ctx.telemetry,
    device,
    from,
    to,
    Math.min(budget, wanted ? budget : limit + 1),
  )) {
    if (taken === limit || points >= limits.answerPoints || bytes >= limits.answerBytes) {
      nextTo = ts
      break
    }
    const added = addPoints(series, ts, values, wanted)
    if (added > 0) {
      taken++
      points += added
      bytes += size
    }
    if (++seen === budget && ts > from) nextTo = ts - 1
  }
  if (!input.descending) for (const points of Object.values(series)) points.reverse()
  return { deviceId: device.deviceId, series, nextTo }
}

function addPoints(
  series: Record<string, Point[]>,
  ts: number,
  values: Readonly<Record<string, Point[1]>>,
  wanted: ReadonlySet<string> | undefined,
): number {
  let added = 0
  for (const key of Object.keys(values)) {
    if (wanted && !wanted.has(key)) continue
    added++
    const points = series[key] ?? []
    points.push([ts, values[key] as Point[1]])
    series[key] = points
  }
  return added
}
