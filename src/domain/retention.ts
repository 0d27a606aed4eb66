/** Days that are kept; null: for ever. The nearest word counts: the device's, its profile's, the plan's. */
export interface Retention {
  readonly raw: number | null
  readonly hourly: number | null
}

/** Epoch ms: what is older goes. Undefined: nothing does. */
export function cutoffOf(days: number | null, now: number): number | undefined {
  return days === null ? undefined : now - days * 86_400_000
}
