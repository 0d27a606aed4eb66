import { limits } from '../../domain/limits.ts'
import { emptyRecord, type TelemetryValue, type TimedValue } from '../../domain/telemetry.ts'
import type { SavedState, StoredReading } from '../../store/device-state.ts'

/** A device's newest value of each key, by the reading's own time, and when it was last heard of. */
export class LatestValues {
  readonly #values = new Map<string, TimedValue>()
  lastSeen: number | null = null
  #newestTs = 0
  #savedAt = 0
  #lateChange = false
  #sinceSave = 0

  static rebuild(saved: SavedState | undefined, readings: readonly StoredReading[], now: number): LatestValues {
    const latest = new LatestValues()
    if (saved) {
      for (const [key, [ts, value]] of Object.entries(saved.latest)) latest.merge(ts, { [key]: value }, now)
      latest.seen(saved.lastSeen)
      latest.#savedAt = saved.savedAt
    }
    for (const { ts, values } of readings) {
      latest.merge(ts, values, now)
      latest.seen(Math.min(ts, now))
    }
    latest.#lateChange = false
    latest.#sinceSave = readings.length
    return latest
  }

  merge(ts: number, values: Readonly<Record<string, TelemetryValue>>, now: number): void {
    this.#sinceSave++
    for (const key of Object.keys(values)) {
      const known = this.#values.get(key)
      if (known && known.ts > ts) continue
      if (!known && this.#values.size >= limits.latestKeys) this.#forgetOldest()
      this.#values.set(key, { value: values[key] as TelemetryValue, ts })
      // A cold object looks back over `stateOverlapMs` only: what changed before that must be saved soon.
      if (ts < Math.min(this.#newestTs, now) - limits.stateOverlapMs) this.#lateChange = true
    }
    this.#newestTs = Math.max(this.#newestTs, ts)
  }

  seen(at: number): void {
    this.lastSeen = Math.max(this.lastSeen ?? 0, at)
  }

  inactiveAt(now: number, timeoutMs: number): boolean {
    return this.lastSeen === null || now - this.lastSeen >= timeoutMs
  }

  /** When the state must be saved next. */
  dueAt(timeoutMs: number): number {
    const due = this.#lateChange || this.#sinceSave >= limits.stateRebuildRows / 2
    return due ? 0 : this.#savedAt + Math.min(limits.stateSaveMs, timeoutMs / 2)
  }

  saved(at: number): void {
    this.#savedAt = at
    this.#lateChange = at === 0
    this.#sinceSave = 0
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
