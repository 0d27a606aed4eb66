import type { ComponentChildren, MouseEventHandler } from 'preact'

export interface ButtonProps {
  readonly children: ComponentChildren
  readonly kind?: 'primary' | 'danger' | 'quiet' | 'plain'
  readonly type?: 'button' | 'submit'
  readonly isBusy?: boolean
  readonly disabled?: boolean
  readonly label?: string
  readonly title?: string
  readonly onClick?: MouseEventHandler<HTMLButtonElement>
}

export function Button(props: ButtonProps) {
  const { children, kind = 'plain', type = 'button', isBusy = false, disabled = false, label, title, onClick } = props
  return (
    <button
      type={type}
      class={`button ${kind}`}
      disabled={disabled}
      aria-disabled={isBusy}
      aria-label={label}
      title={title ?? label}
      onClick={(event) => (isBusy ? event.preventDefault() : onClick?.(event))}
    >
      {children}
      {isBusy && <span class="spinner" aria-hidden="true" />}
    </button>
  )
}
