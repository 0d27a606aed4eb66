import type { DeviceEvent, Scope } from '../api/types.ts'
import type { FeedListener, FeedMessage, Reading } from './messages.ts'

/** docs/live.md */
type Frame =
  | { readonly type: 'history'; readonly readings: readonly Reading[] }
  | { readonly type: 'ready'; readonly id: string }
  | { readonly type: 'resync' }
  | { readonly type: 'check'; readonly n: number }
  | { readonly type: 'telemetry'; readonly id: string; readonly ts: number; readonly values: Reading['values'] }
  | {
      readonly type: 'attribute'
      readonly id: string
      readonly scope: string
      readonly key: string
      readonly value: unknown
    }
  | { readonly type: 'command'; readonly id: string }
  | { readonly type: 'event'; readonly id: string; readonly event: Omit<DeviceEvent, 'id'> }

const firstWaitMs = 500
const longestWaitMs = 15_000

/** One socket; after a break it goes on from the last event, so that nothing is lost and nothing told twice. */
export function openSocketFeed(deviceId: string, { onMessage, onStatus }: FeedListener): () => void {
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastEventId: string | undefined
  let waitMs = firstWaitMs
  let isOver = false

  function take(frame: Frame): void {
    if ('id' in frame) lastEventId = frame.id
    if (frame.type === 'ready') {
      waitMs = firstWaitMs
      onStatus('live')
    } else if (frame.type === 'check') {
      socket?.send(JSON.stringify({ type: 'check', n: frame.n }))
    } else if (frame.type === 'resync') {
      lastEventId = undefined
      onMessage({ type: 'reset' })
    } else {
      const message = toMessage(frame)
      if (message) onMessage(message)
    }
  }
  function open(): void {
    // The page loads its history itself, at the range and resolution it shows.
    const query = lastEventId === undefined ? 'limit=0' : `limit=0&lastEventId=${encodeURIComponent(lastEventId)}`
    const url = `${location.origin.replace(/^http/, 'ws')}/api/devices/${encodeURIComponent(deviceId)}/live?${query}`
    socket = new WebSocket(url)
    socket.addEventListener('message', ({ data }) => take(JSON.parse(String(data)) as Frame))
    socket.addEventListener('close', () => {
      if (isOver) return
      onStatus('reconnecting')
      timer = setTimeout(open, waitMs * (0.5 + Math.random()))
      waitMs = Math.min(longestWaitMs, waitMs * 2)
    })
  }
  open()
  return () => {
    isOver = true
    clearTimeout(timer)
    socket?.close()
  }
}

/** Types that are not known are passed over, as docs/live.md asks. */
function toMessage(frame: Frame): FeedMessage | undefined {
  if (frame.type === 'telemetry') return { type: 'readings', readings: [{ ts: frame.ts, values: frame.values }] }
  if (frame.type === 'command') return { type: 'command' }
  if (frame.type === 'event') return { type: 'event', event: frame.event }
  if (frame.type !== 'attribute') return undefined
  const { key, value } = frame
  return { type: 'attribute', scope: frame.scope.toUpperCase() as Scope, key, value }
}
