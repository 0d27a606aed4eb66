import { Field } from './field.tsx'

interface OwnEmailProps {
  readonly value: string
  readonly onChange: (value: string) => void
}

/** By which a person signs in: first in its form, and known to the browser's keeper of passwords. */
export function OwnEmail({ value, onChange }: OwnEmailProps) {
  return (
    <Field label="E-mail">
      {(attributes) => (
        <input
          {...attributes}
          type="email"
          autocomplete="username"
          autoFocus
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  )
}
