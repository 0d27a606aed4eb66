import { useEffect, useState } from 'preact/hooks'
import { formatAbsolute, formatRelative } from '../format.ts'

const listeners = new Set<() => void>()
setInterval(() => {
  if (!document.hidden) for (const listener of listeners) listener()
}, 1_000)

/** One clock for all: it ticks once a second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const listener = () => setNow(Date.now())
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }, [])
  return now
}

export function Time({ at }: { readonly at: number }) {
  const now = useNow()
  return (
    <time dateTime={new Date(at).toISOString()} title={formatAbsolute(at)}>
      {formatRelative(at, now)}
    </time>
  )
}
