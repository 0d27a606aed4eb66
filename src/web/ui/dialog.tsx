import { X } from 'lucide-preact'
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Button } from './button.tsx'
import { Fault } from './fault.tsx'

export interface DialogProps {
  readonly title: string
  readonly children: ComponentChildren
  readonly onClose: () => void
  readonly isWide?: boolean
  /** A secret that is shown once: only the buttons inside close it. */
  readonly isSticky?: boolean
}

/** Traps focus, closes with Escape and gives focus back: all of it the browser's own doing. */
export function Dialog({ title, children, onClose, isWide = false, isSticky = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement | null>(null)
  const id = useId()
  // A layout effect: Preact runs the others' cleanup after the next paint, when focus may be somewhere else already.
  useLayoutEffect(() => {
    const element = dialog.current
    const opener = document.activeElement
    element?.showModal()
    return () => {
      element?.close()
      // One that came with its page was opened by nobody.
      const isKnown = opener?.isConnected && opener !== document.body
      const back = isKnown ? opener : document.querySelector('h1')
      if (back instanceof HTMLElement) back.focus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      class={isWide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        if (!isSticky) onClose()
      }}
      // Of two Escapes with nothing between them a browser lets nobody prevent the second.
      onClose={() => {
        if (!dialog.current) return
        if (isSticky) dialog.current.showModal()
        else onClose()
      }}
    >
      <header class="dialog-head">
        <h2 id={id}>{title}</h2>
        {!isSticky && (
          <Button kind="quiet" label="Close" onClick={onClose}>
            <X aria-hidden="true" />
          </Button>
        )}
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  )
}

export interface ConfirmProps {
  readonly title: string
  readonly children: ComponentChildren
  readonly action: string
  readonly onConfirm: () => Promise<void>
  readonly onClose: () => void
}

/** Asks before what cannot be undone. */
export function Confirm({ title, children, action, onConfirm, onClose }: ConfirmProps) {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  async function confirm() {
    setBusy(true)
    try {
      await onConfirm()
      onClose()
    } catch (thrown) {
      setError(thrown)
      setBusy(false)
    }
  }
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {error !== undefined && <Fault error={error} />}
      <footer class="actions">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" isBusy={isBusy} onClick={() => void confirm()}>
          {action}
        </Button>
      </footer>
    </Dialog>
  )
}
