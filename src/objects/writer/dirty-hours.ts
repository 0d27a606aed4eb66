import { limits } from '../../domain/limits.ts'
import type { DirtyHour, ReadingRow } from '../../store/write-telemetry.ts'

const HOUR = 3_600_000

/**
 * Which hours must be marked for the rollup. The running hour is marked once a device; an hour that is over
 * may have been rolled up since, so a late reading always marks it again.
 */
export class DirtyHours {
  #hour = 0
  readonly #marked = new Set<string>()

  unmarked(rows: readonly ReadingRow[], now: number): DirtyHour[] {
    this.#turn(now)
    const hours = new Map<string, DirtyHour>()
    for (const { deviceId, ts } of rows) {
      const hour = ts - (ts % HOUR)
      if (hour === this.#hour && this.#marked.has(deviceId)) continue
      hours.set(`${deviceId}:${hour}`, { deviceId, hour })
    }
    return [...hours.values()]
  }

  remember(hours: readonly DirtyHour[], now: number): void {
    this.#turn(now)
    for (const { deviceId, hour } of hours) {
      if (hour === this.#hour && this.#marked.size < limits.devicesPerLane) this.#marked.add(deviceId)
    }
  }

  #turn(now: number): void {
    const hour = now - (now % HOUR)
    if (hour === this.#hour) return
    this.#hour = hour
    this.#marked.clear()
  }
}
