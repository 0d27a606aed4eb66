import type { SimReading, SimValues } from './way.ts'

const DAY = 86_400_000
const faults = ['stuck', 'spike', 'dropout'] as const
type Fault = (typeof faults)[number]

/** Of a reading that is the first of a fault, and how many readings a fault lasts at most. */
const faultChance = 0.003
const faultLength = 12

/**
 * What one device measures: a daily curve of its own, a drift, noise, a door, a battery that runs down, and now
 * and then a sensor that is stuck, spikes or says nothing for a few readings. Its clock gives each time once.
 */
export class Signals {
  readonly #phase: number
  readonly #base: number
  readonly #startedAt: number
  #drift = 0
  #door = false
  #lastTs = 0
  #lastTemperature = 20
  #fault: Fault | undefined
  #faultLeft = 0

  constructor(index: number, startedAt: number) {
    this.#phase = (index * 0.618) % 1
    this.#base = 18 + ((index * 7) % 9)
    this.#startedAt = startedAt
  }

  next(now: number): SimReading {
    const ts = Math.max(now, this.#lastTs + 1)
    this.#lastTs = ts
    this.#turnFault()
    return { ts, values: this.#measure(ts) }
  }

  #turnFault(): void {
    if (this.#faultLeft > 0) this.#faultLeft--
    else if (this.#fault) this.#fault = undefined
    else if (Math.random() < faultChance) {
      this.#fault = faults[Math.floor(Math.random() * faults.length)]
      this.#faultLeft = Math.floor(Math.random() * faultLength)
    }
  }

  #measure(ts: number): SimValues {
    // Coldest at 3 h and warmest at 15 h, give or take the device's own place.
    const day = Math.sin(2 * Math.PI * (ts / DAY - 0.375 + this.#phase * 0.1))
    this.#drift = Math.min(2, Math.max(-2, this.#drift + noise(0.01)))
    if (Math.random() < 0.01) this.#door = !this.#door
    const load = Math.max(0, 0.5 + day * 0.4 + noise(0.05))
    const rest = {
      humidity: round(Math.min(100, Math.max(5, 55 - day * 15 + noise(0.8)))),
      voltage: round(230 + noise(1.5)),
      power: round(load * 1200),
      battery: round(Math.max(3.3, 4.15 - (ts - this.#startedAt) / (40 * DAY) + noise(0.005)), 3),
      door_open: this.#door,
      state: this.#fault ? 'fault' : load > 0.6 ? 'running' : 'idle',
    }
    if (this.#fault === 'dropout') return rest
    const usual = this.#base + day * 6 + this.#drift + noise(0.15)
    if (this.#fault === 'spike') return { temperature: round(usual + 60), ...rest }
    if (this.#fault !== 'stuck') this.#lastTemperature = round(usual)
    return { temperature: this.#lastTemperature, ...rest }
  }
}

/** About normal, with this spread. */
function noise(spread: number): number {
  return (Math.random() + Math.random() + Math.random() - 1.5) * 2 * spread
}

function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}
