import { useState } from 'preact/hooks'
import lazy from 'preact-iso/lazy'
import { request } from '../../api/client.ts'
import { getLatest, querySeries } from '../../api/endpoints.ts'
import type { Latest } from '../../api/types.ts'
import { formatValue } from '../../format.ts'
import { useMessages } from '../../live/use-feed.ts'
import { Button } from '../../ui/button.tsx'
import { Pills } from '../../ui/choice.tsx'
import { Empty, Loaded } from '../../ui/loaded.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { useLoad } from '../../use-load.ts'
import type { PartProps } from './part.ts'
import { SeriesTable } from './series-table.tsx'

const Chart = lazy(() => import('../../chart/chart.tsx').then(({ Chart }) => Chart))

const windows = [
  { id: '15m', label: '15 min', ms: 900_000 },
  { id: '1h', label: '1 h', ms: 3_600_000 },
  { id: '24h', label: '24 h', ms: 86_400_000 },
  { id: '7d', label: '7 d', ms: 7 * 86_400_000 },
] as const
type WindowId = (typeof windows)[number]['id']

export function OverviewPart({ device, feed }: PartProps) {
  const latest = useLoad((signal) => getLatest(device.deviceId, signal), [device.deviceId])
  const { data, set } = latest
  useMessages(
    feed,
    (message) => {
      if (message.type === 'reset') void latest.reload()
      if (message.type !== 'readings') return
      const next: Record<string, Latest[string]> = { ...data }
      for (const { ts, values } of message.readings) {
        for (const [key, value] of Object.entries(values)) {
          if ((next[key]?.ts ?? 0) <= ts) next[key] = { value, ts }
        }
      }
      set(next)
    },
    [data],
  )
  return (
    <Loaded of={latest}>
      {(values) =>
        Object.keys(values).length === 0 ? (
          <Empty title="No readings yet">
            <p>Press “Check connectivity”: it shows how to send the first one, and says when it is there.</p>
          </Empty>
        ) : (
          <>
            <Values latest={values} />
            <History key={device.deviceId} device={device} feed={feed} keys={numericKeys(values)} />
          </>
        )
      }
    </Loaded>
  )
}

function numericKeys(latest: Latest): string[] {
  const isDrawn = (value: unknown) => typeof value === 'number' || typeof value === 'boolean'
  return Object.keys(latest)
    .filter((key) => isDrawn(latest[key]?.value))
    .sort()
}

function Values({ latest }: { readonly latest: Latest }) {
  return (
    <dl class="values">
      {Object.entries(latest)
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([key, { value, ts }]) => (
          <div class="value" key={key}>
            <dt title={key}>{key}</dt>
            <dd title={formatValue(value)}>{formatValue(value)}</dd>
            <dd class="when">
              <Time at={ts} />
            </dd>
          </div>
        ))}
    </dl>
  )
}

/** Keys that are drawn without being asked for. */
const drawnAtFirst = 4
const rawPoints = 10_000
const bucketedPoints = 1_000

interface HistoryProps extends Pick<PartProps, 'device' | 'feed'> {
  readonly keys: readonly string[]
}

function History({ device: { deviceId, name }, feed, keys }: HistoryProps) {
  const [windowId, setWindowId] = useState<WindowId>('1h')
  const [chosen, setChosen] = useState<readonly string[] | undefined>(undefined)
  const [isTable, setTable] = useState(false)
  const windowMs = windows.find(({ id }) => id === windowId)?.ms ?? 3_600_000
  const drawn = chosen ?? keys.slice(0, drawnAtFirst)
  const isRaw = windowMs <= 3_600_000
  const series = useLoad(
    async (signal) => {
      if (drawn.length === 0) return []
      const bounds = { deviceIds: [deviceId], keys: drawn, from: Date.now() - windowMs }
      const form = isRaw
        ? { aggregation: 'none', maxDataPoints: rawPoints }
        : { aggregation: 'avg', maxDataPoints: bucketedPoints }
      return (await querySeries({ ...bounds, ...form }, signal)).series
    },
    [deviceId, windowId, drawn.join('\n')],
  )
  useMessages(feed, (message) => message.type === 'reset' && void series.reload(), [])
  const toggle = (key: string) =>
    setChosen(drawn.includes(key) ? drawn.filter((other) => other !== key) : [...drawn, key])
  return (
    <section class="card" aria-label="History">
      <div class="row between">
        <Pills<WindowId> label="Range" options={windows} value={windowId} onChange={setWindowId} />
        <span class="row">
          <Button kind="quiet" onClick={() => setTable(!isTable)}>
            {isTable ? 'Chart' : 'Table'}
          </Button>
          <Button
            kind="quiet"
            onClick={() => void saveCsv(deviceId, windowMs).catch(() => toast('No answer. Try again.'))}
          >
            CSV
          </Button>
        </span>
      </div>
      <Loaded of={series}>
        {(loaded) =>
          isTable ? (
            <SeriesTable series={loaded} />
          ) : (
            <Chart
              label={`${drawn.join(', ')} of ${name}, over the last ${windows.find(({ id }) => id === windowId)?.label}`}
              series={loaded}
              allKeys={keys}
              drawn={drawn}
              onToggle={toggle}
              windowMs={windowMs}
              feed={feed}
            />
          )
        }
      </Loaded>
    </section>
  )
}

async function saveCsv(deviceId: string, windowMs: number): Promise<void> {
  const response = await request('POST', '/api/v1/telemetry/query', {
    json: { deviceIds: [deviceId], from: Date.now() - windowMs, aggregation: 'none', maxDataPoints: rawPoints },
    accept: 'text/csv',
  })
  const url = URL.createObjectURL(await response.blob())
  Object.assign(document.createElement('a'), { href: url, download: 'telemetry.csv' }).click()
  URL.revokeObjectURL(url)
}
