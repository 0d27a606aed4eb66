import { limits } from './limits.ts'

export type Timestamp =
  | { readonly kind: 'absent' }
  | { readonly kind: 'given'; readonly ts: number }
  /** The sender's time cannot be right; the reading is kept under its arrival time. */
  | { readonly kind: 'corrected'; readonly sent: string }

/** A double holds nanoseconds to 256 of them: what lies that little before a millisecond is that millisecond. */
const halfMicrosecond = 5e-4

/** Milliseconds in one unit, largest unit first. */
const units = [1_000, 1, 1e-3, 1e-6] as const

const iso = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/i
const decimal = /^\d+(\.\d+)?$/

/** Epoch ms of ISO 8601 with an offset, else NaN. Date.parse alone reads a time into "sensor 5" and 30 February as 2 March. */
export function parseIso(text: string): number {
  const day = iso.exec(text)?.[1]
  const midnight = Date.parse(day ?? '')
  const isDay = !Number.isNaN(midnight) && new Date(midnight).toISOString().slice(0, 10) === day
  return isDay ? Date.parse(text) : Number.NaN
}

function plausible(ms: number, now: number): boolean {
  return ms >= limits.earliestTs && ms <= now + limits.futureTsMs
}

/**
 * A sender's time in epoch ms. A number is taken as s, ms, µs or ns: only one of them can lie between 2000
 * and a day from now. Text is a number or ISO 8601 (nine fractional digits too).
 */
export function readTimestamp(value: unknown, now: number): Timestamp {
  if (value === undefined || value === null) return { kind: 'absent' }
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  const corrected: Timestamp = { kind: 'corrected', sent: isPlain ? String(value).slice(0, 64) : typeof value }

  if (value instanceof Date) return whenPlausible(value.getTime(), now) ?? corrected
  if (typeof value === 'string') {
    const text = value.trim()
    if (decimal.test(text)) return fromNumber(Number(text), now) ?? corrected
    return whenPlausible(parseIso(text), now) ?? corrected
  }
  if (typeof value === 'number') return fromNumber(value, now) ?? corrected
  return corrected
}

function fromNumber(value: number, now: number): Timestamp | undefined {
  for (const unit of units) {
    const given = whenPlausible(Math.floor(value * unit + halfMicrosecond), now)
    if (given) return given
  }
  return undefined
}

function whenPlausible(ms: number, now: number): Timestamp | undefined {
  return Number.isFinite(ms) && plausible(ms, now) ? { kind: 'given', ts: ms } : undefined
}
