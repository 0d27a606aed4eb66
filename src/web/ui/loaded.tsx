import type { ComponentChildren } from 'preact'
import type { Load } from '../use-load.ts'
import { Fault } from './fault.tsx'

interface LoadedProps<T> {
  readonly of: Load<T>
  readonly children: (data: T) => ComponentChildren
}

/** Every load ends in what was asked for or in an error. */
export function Loaded<T>({ of: { data, error, isLoading, reload }, children }: LoadedProps<T>) {
  const fault = error !== undefined && !isLoading && <Fault error={error} onRetry={() => void reload()} />
  if (data === undefined) return fault || <Loading />
  return (
    <>
      {fault}
      {children(data)}
    </>
  )
}

export function Loading() {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      Loading…
    </div>
  )
}

interface EmptyProps {
  readonly title: string
  readonly children?: ComponentChildren
}

export function Empty({ title, children }: EmptyProps) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  )
}
