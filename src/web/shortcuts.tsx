import { useEffect, useRef, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { Dialog } from './ui/dialog.tsx'
import { Check } from './ui/field.tsx'

const storageKey = 'autoconnecto.shortcuts'
const places: Readonly<Record<string, string>> = { d: '/devices', s: '/settings', a: '/docs' }

const areOn = () => localStorage.getItem(storageKey) !== 'off'

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, dialog') !== null
}

/** What a page offers under a key carries `data-key`; "g" and a letter go to a place. */
export function useShortcuts(onHelp: () => void): void {
  const { route } = useLocation()
  const isGoing = useRef(false)
  useEffect(() => {
    function listen(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !areOn()) return
      const place = isGoing.current ? places[event.key] : undefined
      isGoing.current = event.key === 'g'
      if (place !== undefined) return route(place)
      if (event.key === '?') return onHelp()
      if (!/^[/nc]$/.test(event.key)) return
      const target = document.querySelector<HTMLElement>(`[data-key="${event.key}"]`)
      if (!target) return
      event.preventDefault()
      if (target instanceof HTMLInputElement) target.focus()
      else target.querySelector<HTMLElement>('button, a')?.click()
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [route])
}

const list = [
  ['/', 'Search'],
  ['n', 'New device'],
  ['c', 'Check connectivity'],
  ['g d', 'Go to Devices'],
  ['g s', 'Go to Settings'],
  ['g a', 'Go to API docs'],
  ['?', 'This list'],
] as const

export function ShortcutHelp({ onClose }: { readonly onClose: () => void }) {
  const [isOn, setOn] = useState(areOn)
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="facts">
        {list.map(([keys, what]) => (
          <>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </>
        ))}
      </dl>
      <Check
        label="Use these keys"
        checked={isOn}
        onChange={(on) => {
          localStorage.setItem(storageKey, on ? 'on' : 'off')
          setOn(on)
        }}
      />
    </Dialog>
  )
}
