import { limits } from '../limits.ts'
import type { Sample } from './evaluate.ts'
import type { AlarmRule } from './rule.ts'

interface Reading {
  readonly ts: number
  readonly values: Readonly<Record<string, unknown>>
}

/** How long it must be silent for a rule of silence to begin to hold. */
export function silenceOf(rule: AlarmRule, inactivityTimeoutMs: number): number {
  if (rule.triggerMode === 'NO_UPDATE') return (rule.policies.noUpdateSec ?? 0) * 1_000
  return inactivityTimeoutMs + littleOf(inactivityTimeoutMs)
}

/** A device is offline a little after it became inactive: what it says within that little is not noted each time. */
export function littleOf(inactivityTimeoutMs: number): number {
  return inactivityTimeoutMs / 20
}

/** What a rule sees of readings, in their own time order. Silence is the absence of arrivals: there these count. */
export function samplesOf(rule: AlarmRule, readings: readonly Reading[], receivedAt: number): Sample[] {
  const arrival = { at: receivedAt, ts: receivedAt, lag: 0 }
  if (rule.triggerMode === 'OFFLINE') return [{ ...arrival, value: '' }]
  if (rule.sourceType === 'ATTRIBUTE') return []
  const found = readings.filter(({ values }) => Object.hasOwn(values, rule.key)).sort((a, b) => a.ts - b.ts)
  if (rule.triggerMode === 'NO_UPDATE') {
    const newest = found.at(-1)
    return newest ? [{ ...arrival, value: newest.values[rule.key] }] : []
  }
  return found.map(({ ts, values }) => {
    const at = Math.min(ts, receivedAt + limits.arrivalLeadMs)
    return { at, ts, lag: receivedAt - at, value: values[rule.key] }
  })
}
