import type { DeviceEvent } from '../../api/types.ts'
import { formatValue } from '../../format.ts'
import type { Reading } from '../../live/messages.ts'

export interface Row extends Partial<DeviceEvent> {
  readonly kind: string
  readonly at: number
  readonly detail: string
  readonly values?: Reading['values']
}

const kept = 200

export function rowOf({ ts, values }: Reading): Row {
  const detail = Object.entries(values).map(([key, value]) => `${key} ${formatValue(value)}`)
  return { kind: 'reading', at: ts, detail: detail.join(' · '), values }
}

/** By their time the newest first; a reading that is told again stands once. */
export function merge(before: readonly Row[], added: readonly Row[]): Row[] {
  const known = new Set(added.map(nameOf))
  return [...added, ...before.filter((row) => !known.has(nameOf(row)))].sort((a, b) => b.at - a.at).slice(0, kept)
}

export const nameOf = ({ kind, at, detail }: Row) => (kind === 'reading' ? `${kind}:${at}` : `${kind}:${at}:${detail}`)
