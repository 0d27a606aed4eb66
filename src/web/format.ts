const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 3 })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const bytesIn = (unit: 'byte' | 'kilobyte') =>
  new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 })
const inBytes = bytesIn('byte')
const inKilobytes = bytesIn('kilobyte')

const units = [
  ['second', 1_000, 60_000],
  ['minute', 60_000, 3_600_000],
  ['hour', 3_600_000, 86_400_000],
  ['day', 86_400_000, 30 * 86_400_000],
  ['month', 30 * 86_400_000, 365 * 86_400_000],
  ['year', 365 * 86_400_000, Number.POSITIVE_INFINITY],
] as const

export const formatNumber = (value: number) => number.format(value)
export const formatAbsolute = (ts: number) => absolute.format(ts)
export const formatClock = (ts: number) => clock.format(ts)
export const formatBytes = (size: number) =>
  size < 1_000 ? inBytes.format(size) : inKilobytes.format(Math.round(size / 100) / 10)

export function formatRelative(ts: number, now: number): string {
  const distance = ts - now
  const size = Math.abs(distance)
  if (size < 1_500) return 'now'
  const [unit, length] = units.find(([, , below]) => size < below) ?? units[5]
  return relative.format(Math.trunc(distance / length), unit)
}

/** Of a reading or an attribute, whatever it is. */
export function formatValue(value: unknown): string {
  if (typeof value === 'number') return formatNumber(value)
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`
}

export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${formatNumber(ms)} ms`
  const [unit, length] = units.find(([, , below]) => ms < below) ?? units[3]
  return plural(Math.round(ms / length), unit)
}
