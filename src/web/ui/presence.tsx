import type { Device } from '../api/types.ts'
import { useNow } from './time.tsx'

export type Presence = 'online' | 'offline' | 'never'

/** Derived from when it was last heard of, and never stored. */
export function presenceOf(device: Pick<Device, 'lastActivityTs' | 'inactivityTimeoutMs'>, now: number): Presence {
  if (device.lastActivityTs === null) return 'never'
  return now - device.lastActivityTs < device.inactivityTimeoutMs ? 'online' : 'offline'
}

const words: Readonly<Record<Presence, string>> = { online: 'Online', offline: 'Offline', never: 'Never seen' }

export function PresenceMark({ of: device, isBrief = false }: { readonly of: Device; readonly isBrief?: boolean }) {
  const presence = presenceOf(device, useNow())
  return (
    <span class={`presence ${presence}`} title={words[presence]}>
      <span class="dot" aria-hidden="true" />
      <span class={isBrief ? 'hidden' : ''}>{words[presence]}</span>
    </span>
  )
}
