import { Download, Pause, Play } from 'lucide-preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { getRange, listEvents } from '../../api/endpoints.ts'
import { formatAbsolute, formatBytes, formatClock } from '../../format.ts'
import { useMessages } from '../../live/use-feed.ts'
import { Button } from '../../ui/button.tsx'
import { Pills } from '../../ui/choice.tsx'
import { Empty, Loaded } from '../../ui/loaded.tsx'
import { Scroll } from '../../ui/scroll.tsx'
import { useLoad } from '../../use-load.ts'
import { merge, nameOf, type Row, rowOf } from './event-rows.ts'
import type { PartProps } from './part.ts'
import { decodeRaw } from './raw.ts'

const kinds = [
  { id: 'all', label: 'All' },
  { id: 'reading', label: 'Readings' },
  { id: 'uplink_rejected', label: 'Rejected' },
  { id: 'connection', label: 'Connections' },
  { id: 'other', label: 'Other' },
] as const
type Kind = (typeof kinds)[number]['id']

function kindOf(kind: string): Kind {
  if (kind === 'connected' || kind === 'disconnected') return 'connection'
  return kind === 'reading' || kind === 'uplink_rejected' ? kind : 'other'
}

const readingsAtFirst = 50
const dayMs = 86_400_000

async function loadRows(id: string, signal: AbortSignal): Promise<Row[]> {
  const [range, events] = await Promise.all([
    getRange(id, { from: Date.now() - dayMs, limit: readingsAtFirst }, signal),
    listEvents(id, { limit: 100 }, signal),
  ])
  const readings = new Map<number, Record<string, unknown>>()
  for (const [key, points] of Object.entries(range)) {
    for (const [ts, value] of points) readings.set(ts, { ...readings.get(ts), [key]: value })
  }
  const rows = [...readings].map(([ts, values]) => rowOf({ ts, values }))
  return merge(rows, events.items)
}

export function EventsPart({ device: { deviceId, name }, feed }: PartProps) {
  const first = useLoad((signal) => loadRows(deviceId, signal), [deviceId])
  const [rows, setRows] = useState<readonly Row[]>([])
  const [kind, setKind] = useState<Kind>('all')
  const [isPaused, setPaused] = useState(false)
  const waiting = useRef<Row[]>([])
  useEffect(() => setRows((now) => merge(first.data ?? [], now)), [first.data])
  useMessages(
    feed,
    (message) => {
      if (message.type === 'reset') return void first.reload()
      const added =
        message.type === 'readings' ? message.readings.map(rowOf) : message.type === 'event' ? [message.event] : []
      if (added.length === 0) return
      if (isPaused) waiting.current.push(...added)
      else setRows((now) => merge(now, added))
    },
    [isPaused],
  )
  const shown = useMemo(() => rows.filter((row) => kind === 'all' || kindOf(row.kind) === kind), [rows, kind])
  function resume() {
    const added = waiting.current.splice(0)
    setRows((now) => merge(now, added))
    setPaused(false)
  }
  return (
    <>
      <div class="row between">
        <Pills<Kind> label="Kind" options={kinds} value={kind} onChange={setKind} />
        <span class="row">
          <Button onClick={() => (isPaused ? resume() : setPaused(true))}>
            {isPaused ? <Play aria-hidden="true" /> : <Pause aria-hidden="true" />}
            {isPaused ? 'Resume' : 'Pause'}
          </Button>
          <Button kind="quiet" label="Download as JSON" onClick={() => saveJson(`${name} events.json`, shown)}>
            <Download aria-hidden="true" />
          </Button>
        </span>
      </div>
      <Loaded of={first}>
        {() =>
          shown.length === 0 ? (
            <Empty title={kind === 'all' ? 'Nothing happened yet' : 'Nothing of this kind'}>
              <p>Readings of the last day and the last hundred other events stand here, the newest first.</p>
            </Empty>
          ) : (
            <div class="card flush">
              {shown.map((row) => (
                <EventRow key={nameOf(row)} row={row} />
              ))}
            </div>
          )
        }
      </Loaded>
    </>
  )
}

function saveJson(name: string, rows: readonly Row[]): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(rows, null, 2)], { type: 'application/json' }))
  Object.assign(document.createElement('a'), { href: url, download: name }).click()
  URL.revokeObjectURL(url)
}

const titles: Readonly<Record<string, readonly [string, string]>> = {
  reading: ['reading', ''],
  uplink_rejected: ['rejected', 'bad'],
  clock_corrected: ['time corrected', 'warn'],
  connected: ['connected', 'ok'],
  disconnected: ['disconnected', ''],
  attributes_pushed: ['attributes told', ''],
  lora_join: ['LoRa join', 'ok'],
  lora_downlink: ['LoRa downlink', ''],
  lora_log: ['LoRa log', ''],
}

function EventRow({ row }: { readonly row: Row }) {
  const [title, tone] = titles[row.kind] ?? [row.kind, '']
  return (
    <details class="event">
      <summary>
        <time dateTime={new Date(row.at).toISOString()} title={formatAbsolute(row.at)}>
          {formatClock(row.at)}
        </time>
        <span>
          <span class={`badge ${tone}`}>{title}</span>
        </span>
        <span class="event-text">
          {row.connector && <span class="muted">{row.connector} </span>}
          {row.detail}
        </span>
      </summary>
      <div class="event-body">
        <EventBody row={row} />
      </div>
    </details>
  )
}

function EventBody({ row }: { readonly row: Row }) {
  const { values, raw, code, reason, detail, rawSize, contentType, at } = row
  if (values)
    return (
      <Scroll label="Values" kind="pre">
        {JSON.stringify(values, null, 2)}
      </Scroll>
    )
  const decoded = raw === undefined ? undefined : decodeRaw(raw)
  return (
    <>
      <p>{detail}</p>
      <p class="hint">
        {formatAbsolute(at)}
        {code && ` · ${code}`}
        {reason && ` (${reason})`}
        {contentType && ` · ${contentType}`}
        {rawSize !== undefined && ` · ${formatBytes(rawSize)}`}
      </p>
      {decoded && (
        <div class="side-by-side">
          <div>
            <h3>Raw</h3>
            <Scroll label="Raw" kind="pre">
              {decoded.raw}
            </Scroll>
          </div>
          <div>
            <h3>Decoded</h3>
            <Scroll label="Decoded" kind="pre">
              {decoded.text}
            </Scroll>
          </div>
        </div>
      )}
    </>
  )
}
