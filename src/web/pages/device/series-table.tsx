import type { SeriesAnswer } from '../../api/types.ts'
import { formatAbsolute, formatValue } from '../../format.ts'
import { Empty } from '../../ui/loaded.tsx'
import { Scroll } from '../../ui/scroll.tsx'

const mostRows = 500

/** What the chart shows, for those who cannot see it, newest first. */
export function SeriesTable({ series }: { readonly series: SeriesAnswer['series'] }) {
  const rows = new Map<number, Map<string, unknown>>()
  for (const { key, points } of series) {
    for (const [ts, value] of points) {
      const row = rows.get(ts) ?? new Map<string, unknown>()
      rows.set(ts, row.set(key, value))
    }
  }
  const newest = [...rows].sort(([a], [b]) => b - a).slice(0, mostRows)
  if (newest.length === 0) return <Empty title="Nothing in this range" />
  return (
    <Scroll label="Readings">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map(({ key }) => (
              <th scope="col" key={key}>
                {key}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.map(([ts, values]) => (
            <tr key={ts}>
              <td>{formatAbsolute(ts)}</td>
              {series.map(({ key }) => (
                <td key={key}>{values.has(key) ? formatValue(values.get(key)) : ''}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}
