import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { SeriesAnswer } from '../api/types.ts'
import { formatAbsolute, formatNumber } from '../format.ts'
import { type Feed, useMessages } from '../live/use-feed.ts'
import { addReading, type Columns, dropBefore, toColumns } from './points.ts'

export interface ChartProps {
  readonly label: string
  readonly series: SeriesAnswer['series']
  readonly allKeys: readonly string[]
  readonly drawn: readonly string[]
  readonly onToggle: (key: string) => void
  readonly windowMs: number
  readonly feed: Feed
}

/** Enough contrast on both grounds. */
const palette = ['#0f8f85', '#d4571c', '#7c6ae0', '#b07d12', '#2f86c8', '#cc4585', '#5a9638', '#8c6b52']
const colourOf = (keys: readonly string[], key: string) => palette[keys.indexOf(key) % palette.length] ?? '#0f8f85'
const height = 288

interface Hover {
  readonly at: number
  readonly values: readonly (number | null | undefined)[]
}

export function Chart(props: ChartProps) {
  const { label, allKeys, drawn, onToggle } = props
  const [hover, setHover] = useState<Hover | undefined>(undefined)
  return (
    <figure>
      <Canvas key={`${drawn.join('\n')}:${props.windowMs}`} {...props} onHover={setHover} />
      <figcaption class="legend">
        <span class="hidden">{label}</span>
        {allKeys.map((key) => (
          <button key={key} type="button" aria-pressed={drawn.includes(key)} onClick={() => onToggle(key)}>
            <span class="swatch" style={{ background: drawn.includes(key) ? colourOf(allKeys, key) : 'transparent' }} />
            {key}
            {hover && drawn.includes(key) && <b>{valueText(hover.values[drawn.indexOf(key)])}</b>}
          </button>
        ))}
        {hover && <span class="hint">{formatAbsolute(hover.at)}</span>}
      </figcaption>
    </figure>
  )
}

const valueText = (value: number | null | undefined) => (value == null ? '–' : formatNumber(value))

interface CanvasProps extends ChartProps {
  readonly onHover: (hover: Hover | undefined) => void
}

function Canvas({ label, series, allKeys, drawn, windowMs, feed, onHover }: CanvasProps) {
  const host = useRef<HTMLDivElement | null>(null)
  const columns = useRef<Columns>([[]])
  const zoom = useRef<readonly [number, number] | undefined>(undefined)
  const isDirty = useRef(false)
  const backToLive = () => {
    zoom.current = undefined
    isDirty.current = true
  }

  useEffect(() => {
    const element = host.current
    if (!element) return
    columns.current = toColumns(series, drawn)
    const range = () => zoom.current ?? liveWindow(windowMs)
    const onZoom = (to: readonly [number, number]) => {
      zoom.current = to
      isDirty.current = true
    }
    const options = toOptions({ element, allKeys, drawn, windowMs, range, onZoom, onHover })
    const plot = new uPlot(options, columns.current, element)
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    const ticking = setInterval(() => {
      isDirty.current = true
    }, 1_000)
    let frame = 0
    function draw() {
      if (isDirty.current && !document.hidden) {
        isDirty.current = false
        dropBefore(columns.current, (Date.now() - windowMs * 1.1) / 1_000)
        plot.setData(columns.current)
      }
      frame = requestAnimationFrame(draw)
    }
    draw()
    return () => {
      cancelAnimationFrame(frame)
      clearInterval(ticking)
      resized.disconnect()
      plot.destroy()
    }
  }, [series])

  useMessages(
    feed,
    (message) => {
      if (message.type !== 'readings') return
      for (const reading of message.readings) addReading(columns.current, drawn, reading)
      isDirty.current = true
    },
    [series],
  )
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape and a double click lead back from a zoomed range
    <div
      class="chart"
      title="Drag to zoom, Escape to go back"
      onDblClick={backToLive}
      onKeyDown={(event) => event.key === 'Escape' && backToLive()}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: so that Escape reaches it */}
      <div ref={host} role="img" aria-label={label} tabIndex={0} />
    </div>
  )
}

/** From the clock: uPlot's own guess for a single point is years wide. */
function liveWindow(windowMs: number): [number, number] {
  // The newest point stands a little before the edge, whole.
  const end = (Date.now() + windowMs / 100) / 1_000
  return [end - windowMs / 1_000, end]
}

/** A canvas takes no CSS variable: what the page resolves them to. */
function inkOf(element: HTMLElement): { text: string; line: string } {
  const probe = document.createElement('span')
  element.append(probe)
  const resolve = (name: string) => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  const ink = { text: resolve('--muted'), line: resolve('--line') }
  probe.remove()
  return ink
}

const oneDay = 86_400_000

interface PlotInput extends Pick<ChartProps, 'allKeys' | 'drawn' | 'windowMs'> {
  readonly element: HTMLElement
  readonly range: () => readonly [number, number]
  readonly onZoom: (to: readonly [number, number]) => void
  readonly onHover: (hover: Hover | undefined) => void
}

function toOptions({ element, allKeys, drawn, windowMs, range, onZoom, onHover }: PlotInput): uPlot.Options {
  const { text, line } = inkOf(element)
  const width = 1 / devicePixelRatio
  const short = new Intl.DateTimeFormat(
    undefined,
    windowMs > oneDay ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit' },
  )
  const axis = { stroke: text, grid: { stroke: line, width }, ticks: { stroke: line, width }, font: '12px system-ui' }
  return {
    width: element.clientWidth,
    height,
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    legend: { show: false },
    hooks: {
      setCursor: [
        ({ cursor: { idx }, data: [times, ...lines] }) => {
          const at = idx == null ? undefined : times[idx]
          onHover(
            idx == null || at === undefined ? undefined : { at: at * 1_000, values: lines.map((line) => line[idx]) },
          )
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width: selected } = plot.select
          if (selected > 3) onZoom([plot.posToVal(left, 'x'), plot.posToVal(left + selected, 'x')])
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        },
      ],
    },
    scales: { x: { time: true, range: () => [...range()] as [number, number] } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((at) => short.format(at * 1_000)) },
      { ...axis, size: 60, values: (_, splits) => splits.map((value) => formatNumber(value)) },
    ],
    series: [
      {},
      ...drawn.map(
        (key): uPlot.Series => ({
          label: key,
          stroke: colourOf(allKeys, key),
          width: 2,
          spanGaps: true,
          points: { size: 6 },
        }),
      ),
    ],
  }
}
