/** How a key is shown: in the app, in CSV and in the text of an alarm. What is stored stays as the device sent it. */
export interface KeyDisplay {
  readonly label?: string | undefined
  readonly unit?: string | undefined
  readonly decimals?: number | undefined
  readonly scale?: number | undefined
  readonly offset?: number | undefined
}

export type KeyDisplays = Readonly<Record<string, KeyDisplay>>

export function displayOf(keys: KeyDisplays, key: string): KeyDisplay {
  return Object.hasOwn(keys, key) ? (keys[key] as KeyDisplay) : {}
}

/** As people read it: scaled, rounded, with its unit. */
export function showValue({ unit, decimals, scale = 1, offset = 0 }: KeyDisplay, value: unknown): string {
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value)
  const scaled = value * scale + offset
  const text = decimals === undefined ? String(Number(scaled.toPrecision(12))) : scaled.toFixed(decimals)
  return unit ? `${text} ${unit}` : text
}
