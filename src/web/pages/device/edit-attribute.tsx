import { useState } from 'preact/hooks'
import type { Scope } from '../../api/types.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Fault } from '../../ui/fault.tsx'
import { Field } from '../../ui/field.tsx'

interface EditAttributeProps {
  readonly scope: Scope
  readonly name?: string
  readonly value?: unknown
  readonly onSave: (key: string, value: unknown) => Promise<void>
  readonly onClose: () => void
}

/** Numbers, true, false, lists and objects are meant as such; anything else is text. */
export function readValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (value === null) return 'nothing: it deletes the key'
  const kinds: Readonly<Record<string, string>> = { number: 'a number', boolean: 'yes or no', object: 'an object' }
  return kinds[typeof value] ?? 'text'
}

export function EditAttribute({ scope, name, value, onSave, onClose }: EditAttributeProps) {
  const [key, setKey] = useState(name ?? '')
  const [text, setText] = useState(value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value))
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  const where = scope === 'SHARED' ? 'desired value' : 'server attribute'
  async function save(event: Event) {
    event.preventDefault()
    setBusy(true)
    await onSave(key.trim(), readValue(text)).catch((thrown: unknown) => {
      setError(thrown)
      setBusy(false)
    })
  }
  return (
    <Dialog title={name ? `Set ${name}` : `Add ${where}`} onClose={onClose}>
      <form class="stack" onSubmit={(event) => void save(event)}>
        {!name && (
          <Field label="Key">
            {(attributes) => (
              <input
                {...attributes}
                required
                maxLength={128}
                value={key}
                autocomplete="off"
                onInput={(event) => setKey(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        <Field
          label="Value"
          hint={text === '' ? 'A number, true, false, text, or JSON.' : `Saved as ${kindOf(readValue(text))}.`}
        >
          {(attributes) => (
            <input
              {...attributes}
              class="mono"
              required
              value={text}
              autocomplete="off"
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        {error !== undefined && <Fault error={error} />}
        <footer class="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy}>
            Save
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
