import { limits } from '../../domain/limits.ts'

export interface LeadStore {
  load(): Iterable<readonly [deviceId: string, until: number]>
  save(deviceId: string, until: number): void
}

/**
 * Gives arrival times, strictly increasing per device: the clock of a deployed Worker stands still between
 * I/O, so it alone would give one time to a whole burst.
 *
 * What survives an eviction: a lead of more than a second is stored (and covers the next second, so that a
 * burst stores one row a thousand readings); a smaller one is over a second after the new lane was born, and
 * until then `uncertain` tells which devices must be looked up.
 */
export class ArrivalClock {
  readonly #last = new Map<string, number>()
  readonly #leads: Map<string, number>
  readonly #store: LeadStore
  readonly #bornAt: number
  #forgotten = 0

  constructor(store: LeadStore, bornAt: number) {
    this.#store = store
    this.#bornAt = bornAt
    this.#leads = new Map(store.load())
  }

  /** True where an earlier lane may have given this device a time that is not over yet. */
  uncertain(deviceId: string, now: number): boolean {
    return !this.#last.has(deviceId) && now <= this.#bornAt + limits.clockLeadMs
  }

  /** A time this device is known to have a reading at; later ones are given after it. */
  note(deviceId: string, ts: number, now: number): void {
    if (ts <= now + limits.clockLeadMs && ts > this.#floor(deviceId)) this.#remember(deviceId, ts)
  }

  /** Marks the device as looked up. */
  settle(deviceId: string, newest: number | undefined): void {
    this.#remember(deviceId, Math.max(this.#floor(deviceId), newest ?? 0))
  }

  give(deviceId: string, now: number): number {
    const ts = Math.max(now, this.#floor(deviceId) + 1)
    this.#remember(deviceId, ts)
    if (ts > now + limits.clockLeadMs && ts > (this.#leads.get(deviceId) ?? 0)) {
      const until = ts + limits.clockLeadMs
      this.#leads.set(deviceId, until)
      this.#store.save(deviceId, until)
    }
    return ts
  }

  #floor(deviceId: string): number {
    return this.#last.get(deviceId) ?? Math.max(this.#leads.get(deviceId) ?? 0, this.#forgotten)
  }

  #remember(deviceId: string, ts: number): void {
    this.#last.delete(deviceId)
    this.#last.set(deviceId, ts)
    if (this.#last.size <= limits.devicesPerLane) return
    const [oldest] = this.#last
    if (!oldest) return
    this.#last.delete(oldest[0])
    this.#forgotten = Math.max(this.#forgotten, oldest[1])
  }
}
