import { useRef, useState } from 'preact/hooks'
import type { DeviceEvent } from '../api/types.ts'
import type { Reading } from '../live/messages.ts'
import { type Feed, useMessages } from '../live/use-feed.ts'
import type { Way } from './snippet.ts'

export type Arrival =
  | { readonly kind: 'received'; readonly reading: Reading; readonly way: Way | undefined; readonly at: number }
  | { readonly kind: 'rejected'; readonly event: Omit<DeviceEvent, 'id'>; readonly at: number }

export interface Arrivals {
  /** The newest. */
  readonly last: Arrival | undefined
  /** Over which something came since the dialog opened. */
  readonly ways: ReadonlySet<Way>
  /** A test went out this way: what comes next came by it. */
  readonly expect: (way: Way) => void
}

export function wayOf(connector: string): Way | undefined {
  if (connector.startsWith('mqtt')) return 'mqtt'
  if (connector === 'websocket') return 'websocket'
  if (connector.startsWith('http')) return 'http'
  return ['generic', 'chirpstack', 'ttn'].includes(connector) ? 'lora' : undefined
}

/** A reading does not say how it came; a connection that opened just before it, or our own test, does. */
export function useArrivals(feed: Feed): Arrivals {
  const [last, setLast] = useState<Arrival | undefined>(undefined)
  const [ways, setWays] = useState<ReadonlySet<Way>>(new Set())
  const expected = useRef<Way | undefined>(undefined)
  function see(way: Way | undefined) {
    if (way) setWays((before) => new Set([...before, way]))
  }
  useMessages(
    feed,
    (message) => {
      const at = Date.now()
      if (message.type === 'event') {
        const way = wayOf(message.event.connector)
        if (message.event.kind === 'uplink_rejected') setLast({ kind: 'rejected', event: message.event, at })
        else if (message.event.kind === 'connected') expected.current = way
      } else if (message.type === 'readings') {
        const reading = message.readings.at(-1)
        if (!reading) return
        see(expected.current)
        setLast({ kind: 'received', reading, way: expected.current, at })
        expected.current = undefined
      }
    },
    [],
  )
  return {
    last,
    ways,
    expect(way) {
      expected.current = way
    },
  }
}
