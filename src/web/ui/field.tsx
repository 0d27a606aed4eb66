import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface FieldProps {
  readonly label: string
  readonly hint?: ComponentChildren
  readonly error?: string | undefined
  readonly children: (attributes: FieldAttributes) => ComponentChildren
}

export interface FieldAttributes {
  readonly id: string
  readonly 'aria-describedby'?: string
  readonly 'aria-invalid'?: true
}

/** A labelled control; its hint and its error are read out with it. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId()
  const noteId = `${id}-note`
  const attributes: FieldAttributes = {
    id,
    ...((hint || error) && { 'aria-describedby': noteId }),
    ...(error && { 'aria-invalid': true }),
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(attributes)}
      {(error || hint) && (
        <p id={noteId} class={error ? 'field-error' : 'hint'}>
          {error ?? hint}
        </p>
      )}
    </div>
  )
}

interface CheckProps {
  readonly label: string
  readonly hint?: string
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
}

export function Check({ label, hint, checked, onChange }: CheckProps) {
  const id = useId()
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={hint ? `${id}-note` : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{label}</label>
        {hint && (
          <p id={`${id}-note`} class="hint">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}
