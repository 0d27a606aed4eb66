import { useEffect, useMemo, useState } from 'preact/hooks'
import { openFeed } from './feed.ts'
import type { FeedMessage, FeedStatus } from './messages.ts'

type Listener = (message: FeedMessage) => void

export interface Feed {
  readonly status: FeedStatus
  subscribe(listener: Listener): () => void
}

/** One feed for all parts of a page that show the device. */
export function useFeed(deviceId: string): Feed {
  const [status, setStatus] = useState<FeedStatus>('connecting')
  const listeners = useMemo(() => new Set<Listener>(), [deviceId])
  useEffect(() => {
    setStatus('connecting')
    const tell = (message: FeedMessage) => {
      for (const listener of listeners) listener(message)
    }
    return openFeed(deviceId, { onMessage: tell, onStatus: setStatus })
  }, [deviceId, listeners])
  return useMemo(
    () => ({
      status,
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    }),
    [status, listeners],
  )
}

export function useMessages(feed: Feed, listener: Listener, dependencies: readonly unknown[]): void {
  const { subscribe } = feed
  useEffect(() => subscribe(listener), [subscribe, ...dependencies])
}
