import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ApiError, adviceFor, messageOf } from '../api/client.ts'
import { Button } from '../ui/button.tsx'

interface DoorProps {
  readonly title: string
  readonly action: string
  readonly children: ComponentChildren
  readonly below?: ComponentChildren
  /** @returns what to mend, where something is */
  readonly onSubmit: () => Promise<string | undefined>
}

/** A page before one is signed in: a few fields and one act. */
export function Door({ title, action, children, below, onSubmit }: DoorProps) {
  const [fault, setFault] = useState<string | undefined>(undefined)
  const [isBusy, setBusy] = useState(false)
  useEffect(() => {
    document.title = `${title} · Autoconnecto`
  }, [title])
  async function submit(event: Event) {
    event.preventDefault()
    setBusy(true)
    setFault(undefined)
    setFault(await onSubmit().catch(sayingWhatToDo))
    setBusy(false)
  }
  return (
    <main class="sign-in">
      <p class="brand">
        <img src="/icon.svg" alt="" />
        Autoconnecto
      </p>
      <form class="card" onSubmit={(event) => void submit(event)} noValidate>
        <h1>{title}</h1>
        {children}
        {fault !== undefined && (
          <p class="notice bad" role="alert">
            {fault}
          </p>
        )}
        <Button kind="primary" type="submit" isBusy={isBusy}>
          {action}
        </Button>
      </form>
      {below}
    </main>
  )
}

function sayingWhatToDo(error: unknown): string {
  const isFinished = error instanceof ApiError && [401, 404, 409, 422].includes(error.status)
  return isFinished ? messageOf(error) : `${messageOf(error)} ${adviceFor(error)}`
}
