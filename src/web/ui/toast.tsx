import { useEffect, useState } from 'preact/hooks'
import { Button } from './button.tsx'

interface Toast {
  readonly id: number
  readonly text: string
  readonly undo?: () => Promise<unknown>
}

let toasts: readonly Toast[] = []
let count = 0
const listeners = new Set<() => void>()

function replace(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}

/** Says what was done, and for a while how to undo it. */
export function toast(text: string, undo?: () => Promise<unknown>): void {
  const id = ++count
  replace([...toasts.slice(-2), { id, text, ...(undo && { undo }) }])
  setTimeout(() => dismiss(id), undo ? 10_000 : 5_000)
}

function dismiss(id: number): void {
  replace(toasts.filter((shown) => shown.id !== id))
}

export function Toasts() {
  const [shown, setShown] = useState(toasts)
  useEffect(() => {
    const listener = () => setShown(toasts)
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }, [])
  return (
    <div class="toasts" role="status">
      {shown.map(({ id, text, undo }) => (
        <div class="toast" key={id}>
          <span>{text}</span>
          {undo && (
            <Button
              kind="quiet"
              onClick={() => {
                dismiss(id)
                void undo().catch(() => toast('It could not be undone. Reload to see how it stands.'))
              }}
            >
              Undo
            </Button>
          )}
        </div>
      ))}
    </div>
  )
}
