import type { ComponentChildren } from 'preact'

interface ScrollProps {
  readonly label: string
  readonly children: ComponentChildren
  readonly kind?: 'pre' | 'plain'
}

/** What may be larger than its place. */
export function Scroll({ label, children, kind = 'plain' }: ScrollProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <section class={`scroll ${kind}`} aria-label={label} tabIndex={0}>
      {kind === 'pre' ? <pre>{children}</pre> : children}
    </section>
  )
}
