import { limits } from '../../domain/limits.ts'

/**
 * The times that recent marked messages were given, so that a repeat gets its first one. In memory; a device
 * met cold is filled from the marks that stand in its own rows.
 */
export class RepeatMarks {
  readonly #devices = new Map<string, Map<string, number>>()

  knows(deviceId: string): boolean {
    return this.#devices.has(deviceId)
  }

  fill(deviceId: string, marks: Iterable<readonly [mark: string, ts: number]>): void {
    this.#devices.set(deviceId, new Map(marks))
    if (this.#devices.size > limits.devicesPerLane) {
      const [oldest] = this.#devices.keys()
      if (oldest !== undefined) this.#devices.delete(oldest)
    }
  }

  find(deviceId: string, mark: string): number | undefined {
    return this.#devices.get(deviceId)?.get(mark)
  }

  remember(deviceId: string, mark: string, ts: number): void {
    const marks = this.#devices.get(deviceId)
    if (!marks) return
    marks.set(mark, ts)
    if (marks.size > limits.marksPerDevice) {
      const [oldest] = marks.keys()
      if (oldest !== undefined) marks.delete(oldest)
    }
  }
}
