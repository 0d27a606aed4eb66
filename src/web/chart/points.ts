import type { SeriesAnswer } from '../api/types.ts'
import type { Reading } from '../live/messages.ts'

/** Columns as uPlot takes them: times in seconds, rising, and one column a key, null where it has no value. */
export type Columns = [number[], ...(number | null)[][]]

function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value
  return typeof value === 'boolean' ? Number(value) : null
}

/** The lines of a range, side by side. */
export function toColumns(series: SeriesAnswer['series'], keys: readonly string[]): Columns {
  const times = [...new Set(series.flatMap(({ points }) => points.map(([ts]) => ts)))].sort((a, b) => a - b)
  const places = new Map(times.map((ts, index) => [ts, index]))
  const columns = keys.map((key) => {
    const column = new Array<number | null>(times.length).fill(null)
    for (const [ts, value] of series.find((line) => line.key === key)?.points ?? []) {
      const place = places.get(ts)
      if (place !== undefined) column[place] = toNumber(value)
    }
    return column
  })
  return [times.map((ts) => ts / 1_000), ...columns]
}

/** A reading at its place: the newest mostly; one that came before stands once. */
export function addReading(columns: Columns, keys: readonly string[], { ts, values }: Reading): void {
  const [times, ...lines] = columns
  const time = ts / 1_000
  let place = times.length
  while (place > 0 && (times[place - 1] ?? 0) > time) place--
  const isKnown = times[place - 1] === time
  if (!isKnown) times.splice(place, 0, time)
  lines.forEach((line, index) => {
    const key = keys[index] ?? ''
    const value = Object.hasOwn(values, key) ? toNumber(values[key]) : null
    if (!isKnown) line.splice(place, 0, value)
    else if (value !== null) line[place - 1] = value
  })
}

/** What slid out of the window is not kept. */
export function dropBefore(columns: Columns, from: number): void {
  const [times] = columns
  const first = times.findIndex((time) => time >= from)
  const count = first === -1 ? times.length : first
  if (count > 0) for (const column of columns) column.splice(0, count)
}
