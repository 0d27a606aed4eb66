import type { Outcome, SimDevice, SimReading } from './way.ts'

/** Counts what was sent and what was said of it. */
export class Tally {
  readonly acknowledged = new Map<SimDevice, SimReading[]>()
  readonly codes = new Map<string, number>()
  sent = 0
  accepted = 0
  rejected = 0
  unacknowledged = 0
  retries = 0
  #latencies: number[] = []
  #recent: number[] = []

  add(device: SimDevice, readings: readonly SimReading[], outcome: Outcome): void {
    const { accepted, rejected, retries, latency } = outcome
    const list = this.acknowledged.get(device) ?? []
    list.push(...accepted)
    this.acknowledged.set(device, list)
    for (const { code } of rejected) this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
    this.accepted += accepted.length
    this.rejected += rejected.length
    this.unacknowledged += readings.length - accepted.length - rejected.length
    this.retries += retries
    this.#recent.push(latency)
  }

  /** Of the messages since the last line. */
  progress(seconds: number): string {
    const line = `${this.#counts(seconds)}  ${latencyText(this.#recent)}`
    for (const latency of this.#recent) this.#latencies.push(latency)
    this.#recent = []
    return line
  }

  summary(seconds: number): string {
    this.progress(seconds)
    const codes = [...this.codes].map(([code, count]) => `${code} × ${count}`).join(', ')
    return `${this.#counts(seconds)}  ${latencyText(this.#latencies)}${codes && `\nrejected: ${codes}`}`
  }

  #counts(seconds: number): string {
    const { accepted, rejected, retries, unacknowledged } = this
    const lost = unacknowledged > 0 ? `  unacknowledged ${unacknowledged}` : ''
    return `${seconds.toFixed(0).padStart(4)} s  accepted ${accepted}  rejected ${rejected}${lost}  retries ${retries}`
  }
}

function latencyText(latencies: readonly number[]): string {
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)
  return `latency p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`
}
