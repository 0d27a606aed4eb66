import { useState } from 'preact/hooks'
import { Button } from './button.tsx'
import { Secret } from './copy.tsx'
import { Dialog } from './dialog.tsx'
import { Check } from './field.tsx'

interface ShownOnceProps {
  readonly title: string
  readonly name: string
  readonly text: string
  readonly note?: string
  readonly onClose: () => void
}

/** A secret of which only a hash is kept: it closes when its reader says that it was saved. */
export function ShownOnce({ title, name, text, note, onClose }: ShownOnceProps) {
  const [isSaved, setSaved] = useState(false)
  return (
    <Dialog title={title} onClose={onClose} isSticky>
      <p>Copy it now: it is not shown again.</p>
      <Secret text={text} name={name} isShown />
      {note && <p class="hint">{note}</p>}
      <Check label="I saved it" checked={isSaved} onChange={setSaved} />
      <footer class="actions">
        <Button kind="primary" disabled={!isSaved} onClick={onClose}>
          Done
        </Button>
      </footer>
    </Dialog>
  )
}
