import type { ComponentChildren } from 'preact'
import { useId, useRef } from 'preact/hooks'

export interface Option<T extends string> {
  readonly id: T
  readonly label: ComponentChildren
}

interface ChoiceProps<T extends string> {
  readonly label: string
  readonly options: readonly Option<T>[]
  readonly value: T
  readonly onChange: (value: T) => void
}

/** One of a few, all of them in sight. */
export function Pills<T extends string>({ label, options, value, onChange }: ChoiceProps<T>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a row of pills
    <div class="pills" role="group" aria-label={label}>
      {options.map(({ id, label: text }) => (
        <button key={id} type="button" class="pill" aria-pressed={id === value} onClick={() => onChange(id)}>
          {text}
        </button>
      ))}
    </div>
  )
}

interface TabsProps<T extends string> extends ChoiceProps<T> {
  readonly children: ComponentChildren
}

/** Arrow keys move, as in the WAI-ARIA pattern; only the open tab is in the order of the Tab key. */
export function Tabs<T extends string>({ label, options, value, onChange, children }: TabsProps<T>) {
  const id = useId()
  const list = useRef<HTMLDivElement | null>(null)
  function move(key: string) {
    const at = options.findIndex((option) => option.id === value)
    const last = options.length - 1
    const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[key]
    const option = to === undefined ? undefined : options[to]
    if (!option || to === undefined) return false
    onChange(option.id)
    list.current?.querySelectorAll('button')[to]?.focus()
    return true
  }
  return (
    <>
      <div
        ref={list}
        class="tabs"
        role="tablist"
        aria-label={label}
        onKeyDown={(event) => {
          if (move(event.key)) event.preventDefault()
        }}
      >
        {options.map((option) => (
          <button
            key={option.id}
            type="button"
            role="tab"
            id={`${id}-${option.id}`}
            aria-selected={option.id === value}
            aria-controls={`${id}-panel`}
            tabIndex={option.id === value ? 0 : -1}
            onClick={() => onChange(option.id)}
          >
            {option.label}
          </button>
        ))}
      </div>
      <div class="tab-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${value}`}>
        {children}
      </div>
    </>
  )
}
