import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

export interface Load<T> {
  readonly data: T | undefined
  readonly error: unknown
  readonly isLoading: boolean
  readonly reload: () => Promise<void>
  /** Shown at once, before the server is asked again. */
  readonly set: (data: T) => void
}

/** Asks when it is first shown and whenever a dependency changes; what was there stays until the answer is. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, dependencies: readonly unknown[]): Load<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown; isLoading: boolean }>({ isLoading: true })
  const current = useRef<AbortController | undefined>(undefined)
  const run = useCallback(async () => {
    current.current?.abort()
    const controller = new AbortController()
    current.current = controller
    setState((before) => ({ ...before, isLoading: true }))
    try {
      const data = await load(controller.signal)
      if (!controller.signal.aborted) setState({ data, isLoading: false })
    } catch (error) {
      if (!controller.signal.aborted) setState((before) => ({ ...before, error, isLoading: false }))
    }
  }, dependencies)
  useEffect(() => {
    void run()
    return () => current.current?.abort()
  }, [run])
  const set = useCallback((data: T) => setState({ data, isLoading: false }), [])
  return { data: state.data, error: state.error, isLoading: state.isLoading, reload: run, set }
}

/** Calls again and again while the page is looked at. */
export function useInterval(work: () => void, everyMs: number, isOn = true): void {
  const latest = useRef(work)
  latest.current = work
  useEffect(() => {
    if (!isOn) return
    const timer = setInterval(() => {
      if (!document.hidden) latest.current()
    }, everyMs)
    return () => clearInterval(timer)
  }, [everyMs, isOn])
}
