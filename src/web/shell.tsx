import { BookOpen, Cpu, LogOut, Moon, Settings, Sun, SunMoon } from 'lucide-preact'
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { messageOf } from './api/client.ts'
import { switchTenant } from './api/people.ts'
import { type Session, signOut } from './session.ts'
import { ShortcutHelp, useShortcuts } from './shortcuts.tsx'
import { currentTheme, nextTheme, setTheme } from './theme.ts'
import { Button } from './ui/button.tsx'
import { toast } from './ui/toast.tsx'

const places = [
  { path: '/devices', label: 'Devices', icon: Cpu },
  { path: '/settings', label: 'Settings', icon: Settings },
  { path: '/docs', label: 'API docs', icon: BookOpen },
] as const

const themeIcons = { auto: SunMoon, light: Sun, dark: Moon }

export function Shell({ session, children }: { readonly session: Session; readonly children: ComponentChildren }) {
  const { path } = useLocation()
  const [isHelpOpen, setHelpOpen] = useState(false)
  useShortcuts(() => setHelpOpen(true))
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <div class="shell">
        <header class="side">
          <a class="brand" href="/devices">
            <img src="/icon.svg" alt="" />
            Autoconnecto
          </a>
          <nav class="nav" aria-label="Main">
            {places.map(({ path: to, label, icon: Icon }) => (
              <a key={to} href={to} aria-current={path.startsWith(to) ? 'page' : undefined}>
                <Icon aria-hidden="true" />
                {label}
              </a>
            ))}
          </nav>
          <div class="side-foot">
            <Standing session={session} />
            <span class="row">
              <ThemeButton />
              <Button kind="quiet" label="Sign out" onClick={() => void signOut()}>
                <LogOut aria-hidden="true" />
              </Button>
            </span>
          </div>
        </header>
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
      {isHelpOpen && <ShortcutHelp onClose={() => setHelpOpen(false)} />}
    </>
  )
}

/** Who is signed in, and in which of their tenants. */
function Standing({ session }: { readonly session: Session }) {
  if (session.kind === 'key') return <strong>{session.tenantName}</strong>
  const { person, tenantName } = session
  const move = (tenantId: string) =>
    void switchTenant(tenantId).then(
      () => location.assign('/devices'),
      (error: unknown) => toast(messageOf(error)),
    )
  return (
    <>
      {person.tenants.length > 1 || person.tenantId === null ? (
        <select aria-label="Tenant" value={person.tenantId ?? ''} onChange={(event) => move(event.currentTarget.value)}>
          {person.tenantId === null && <option value="">Choose a tenant</option>}
          {person.tenants.map(({ tenantId, name }) => (
            <option key={tenantId} value={tenantId}>
              {name}
            </option>
          ))}
        </select>
      ) : (
        <strong>{tenantName}</strong>
      )}
      <span class="who">{person.name ?? person.email}</span>
    </>
  )
}

function ThemeButton() {
  const [theme, set] = useState(currentTheme)
  const Icon = themeIcons[theme]
  function change() {
    const next = nextTheme(theme)
    setTheme(next)
    set(next)
  }
  return (
    <Button kind="quiet" label={`Theme: ${theme}`} onClick={change}>
      <Icon aria-hidden="true" />
    </Button>
  )
}
