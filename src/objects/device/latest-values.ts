import { limits } from '../../domain/limits.ts'
import { emptyRecord, type TelemetryValue, type TimedValue } from '../../domain/telemetry.ts'

/** The newest value of each key, by the readings' own time. */
export class LatestValues {
  readonly #values = new Map<string, TimedValue>()
  #newestTs = 0

  /** Which keys it changed. */
  merge(ts: number, values: Readonly<Record<string, TelemetryValue>>): string[] {
    const changed: string[] = []
    for (const key of Object.keys(values)) {
      const known = this.#values.get(key)
      if (known && known.ts > ts) continue
      if (!known && this.#values.size >= limits.latestKeys) this.#forgetOldest()
      this.#values.set(key, { value: values[key] as TelemetryValue, ts })
      changed.push(key)
    }
    this.#newestTs = Math.max(this.#newestTs, ts)
    return changed
  }

  get newestTs(): number {
    return this.#newestTs
  }

  get(key: string): TimedValue | undefined {
    return this.#values.get(key)
  }

  keys(): string[] {
    return [...this.#values.keys()]
  }

  entries(): [string, TimedValue][] {
    return [...this.#values]
  }

  /** key → [ts, value], newest first, cut to `limits.latestBytes`. */
  toJson(): string {
    const newestFirst = [...this.#values].sort(([, a], [, b]) => b.ts - a.ts)
    const latest = emptyRecord<[number, TelemetryValue]>()
    let bytes = 0
    for (const [key, { ts, value }] of newestFirst) {
      bytes += JSON.stringify([key, ts, value]).length
      if (bytes > limits.latestBytes) break
      latest[key] = [ts, value]
    }
    return JSON.stringify(latest)
  }

  #forgetOldest(): void {
    let oldest: string | undefined
    let oldestTs = Number.POSITIVE_INFINITY
    for (const [key, { ts }] of this.#values) {
      if (ts < oldestTs) [oldest, oldestTs] = [key, ts]
    }
    if (oldest !== undefined) this.#values.delete(oldest)
  }
}
