import { getLatest, listEvents } from '../api/endpoints.ts'
import { mayOpenSockets } from '../session.ts'
import type { FeedListener } from './messages.ts'
import { openSocketFeed } from './socket-feed.ts'

/** Everything that happens to a device, from now on. @returns what ends it */
export function openFeed(deviceId: string, listener: FeedListener): () => void {
  return mayOpenSockets() ? openSocketFeed(deviceId, listener) : pollFeed(deviceId, listener)
}

const pollMs = 1_500

/** Where no socket may be opened: what changed since the last look. */
function pollFeed(deviceId: string, { onMessage, onStatus }: FeedListener): () => void {
  const ended = new AbortController()
  const seen = new Map<string, string>()
  let lastEvent: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  async function look(): Promise<void> {
    const [latest, events] = await Promise.all([
      getLatest(deviceId, ended.signal),
      listEvents(deviceId, { limit: 20 }, ended.signal),
    ])
    const isFirst = lastEvent === undefined
    const readings = new Map<number, Record<string, unknown>>()
    for (const [key, { value, ts }] of Object.entries(latest)) {
      const mark = `${ts}:${JSON.stringify(value)}`
      if (seen.get(key) === mark) continue
      seen.set(key, mark)
      readings.set(ts, { ...readings.get(ts), [key]: value })
    }
    const fresh = [...readings].map(([ts, values]) => ({ ts, values })).sort((a, b) => a.ts - b.ts)
    if (!isFirst && fresh.length > 0) onMessage({ type: 'readings', readings: fresh })
    const after = lastEvent ?? Number.POSITIVE_INFINITY
    for (const event of events.items.filter(({ id }) => id > after).reverse()) onMessage({ type: 'event', event })
    lastEvent = Math.max(lastEvent ?? 0, events.items[0]?.id ?? 0)
    onStatus('live')
  }
  async function run(): Promise<void> {
    try {
      if (!document.hidden) await look()
    } catch {
      if (!ended.signal.aborted) onStatus('reconnecting')
    }
    if (!ended.signal.aborted) timer = setTimeout(() => void run(), pollMs)
  }
  void run()
  return () => {
    ended.abort()
    clearTimeout(timer)
  }
}
