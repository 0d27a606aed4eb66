import { limits } from '../../domain/limits.ts'
import type { AppendGroup, AppendResult, Platform, TelemetryLane } from '../../services/ports.ts'

interface Waiting {
  readonly groups: readonly AppendGroup[]
  readonly bytes: number
  readonly done: (results: readonly AppendResult[]) => void
  readonly fail: (error: unknown) => void
}

/**
 * A broker's clients share their calls to a lane: one is under way, and what comes meanwhile goes with the next. A
 * call costs more than the rows that it carries (decision 0015).
 */
export function sharingLanes(platform: Platform): Platform {
  const gates = new Map<string, LaneGate>()
  return {
    ...platform,
    lane(shard, deviceId) {
      const { name, lane } = platform.lane(shard, deviceId)
      const gate = gates.get(name) ?? new LaneGate()
      gates.set(name, gate)
      return { name, lane: { append: (groups) => gate.append(lane, groups) } }
    },
  }
}

class LaneGate {
  #waiting: Waiting[] = []
  #isBusy = false

  append(lane: TelemetryLane, groups: readonly AppendGroup[]): Promise<readonly AppendResult[]> {
    const bytes = groups.flatMap(({ rows }) => rows).reduce((sum, { json }) => sum + json.length, 0)
    return new Promise((done, fail) => {
      this.#waiting.push({ groups, bytes, done, fail })
      if (!this.#isBusy) void this.#drain(lane)
    })
  }

  async #drain(lane: TelemetryLane): Promise<void> {
    this.#isBusy = true
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch()
      try {
        const results = await lane.append(batch.flatMap(({ groups }) => groups))
        let start = 0
        for (const { groups, done } of batch) {
          done(results.slice(start, start + groups.length))
          start += groups.length
        }
      } catch (error) {
        for (const { fail } of batch) fail(error)
      }
    }
    this.#isBusy = false
  }

  /** No more than a statement takes, so that the lane refuses no one for another's sake. */
  #takeBatch(): Waiting[] {
    let bytes = 0
    const end = this.#waiting.findIndex((one, i) => {
      bytes += one.bytes
      return i > 0 && bytes > limits.statementBytes
    })
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end)
  }
}
