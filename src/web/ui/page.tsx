import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

interface PageProps {
  readonly title: string
  readonly before?: ComponentChildren
  readonly beside?: ComponentChildren
  readonly actions?: ComponentChildren
  readonly children: ComponentChildren
}

let isFirst = true

/** One heading a page. After a move to it, focus goes there, so that what is read out next is the page. */
export function Page({ title, before, beside, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement | null>(null)
  useEffect(() => {
    document.title = `${title} · Autoconnecto`
  }, [title])
  useEffect(() => {
    if (!isFirst) heading.current?.focus({ preventScroll: true })
    isFirst = false
  }, [])
  return (
    <>
      {before}
      <header class="page-head">
        <div class="page-title">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {beside}
        </div>
        {actions && <div class="row">{actions}</div>}
      </header>
      {children}
    </>
  )
}

interface NavTab {
  readonly path: string
  readonly label: ComponentChildren
}

/** Parts of a page that have addresses of their own. */
export function NavTabs({
  label,
  current,
  tabs,
}: {
  readonly label: string
  readonly current: string
  readonly tabs: readonly NavTab[]
}) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ path, label: text }) => (
        <a key={path} href={path} aria-current={path === current ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  )
}
