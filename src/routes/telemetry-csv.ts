import { csvLine } from '../codec/csv.ts'
import type { Point } from '../domain/time-series.ts'
import type { Series } from '../services/telemetry/series.ts'

/** One line a reading, one column a key. */
export async function* rangeLines(
  series: Readonly<Record<string, readonly Point[]>>,
  descending: boolean,
): AsyncGenerator<string> {
  const keys = Object.keys(series).sort()
  const rows = new Map<number, unknown[]>()
  for (const [column, key] of keys.entries()) {
    for (const [ts, value] of series[key] ?? []) {
      const row = rows.get(ts) ?? new Array(keys.length).fill(null)
      row[column] = value
      rows.set(ts, row)
    }
  }
  yield csvLine(['time', 'ts', ...keys])
  for (const [ts, cells] of [...rows].sort(([a], [b]) => (descending ? b - a : a - b)))
    yield csvLine([new Date(ts).toISOString(), ts, ...cells])
}

/** One line a point. */
export async function* queryLines(series: readonly Series[]): AsyncGenerator<string> {
  yield csvLine(['deviceId', 'key', 'time', 'ts', 'value'])
  for (const { deviceId, key, points } of series) {
    for (const [ts, value] of points) yield csvLine([deviceId, key, new Date(ts).toISOString(), ts, value])
  }
}
