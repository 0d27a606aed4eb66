import { Eye, EyeOff } from 'lucide-preact'
import { useState } from 'preact/hooks'
import { Button } from './button.tsx'
import { Field, type FieldAttributes } from './field.tsx'

interface PasswordProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly autocomplete: 'current-password' | 'new-password' | 'off'
  readonly hint?: string
  readonly error?: string | undefined
  readonly isFirst?: boolean
}

/** Hidden, unless its writer wants to see it. */
export function Password({ label, hint, error, ...rest }: PasswordProps) {
  const [isShown, setShown] = useState(false)
  return (
    <Field label={label} error={error} hint={hint}>
      {(attributes) => (
        <div class="row">
          <Input {...attributes} {...rest} isShown={isShown} />
          <Button kind="quiet" label={isShown ? 'Hide' : 'Show'} onClick={() => setShown(!isShown)}>
            {isShown ? <EyeOff aria-hidden="true" /> : <Eye aria-hidden="true" />}
          </Button>
        </div>
      )}
    </Field>
  )
}

type InputProps = FieldAttributes & Omit<PasswordProps, 'label' | 'hint' | 'error'> & { readonly isShown: boolean }

function Input({ isShown, onChange, isFirst = false, ...rest }: InputProps) {
  const attributes = {
    ...rest,
    class: 'grow',
    autoFocus: isFirst,
    spellcheck: false,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => onChange(event.currentTarget.value),
  } as const
  return isShown ? <input type="text" {...attributes} /> : <input type="password" {...attributes} />
}
