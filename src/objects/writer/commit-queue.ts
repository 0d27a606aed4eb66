import type { Fault } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { isMigrationMissing } from '../../store/d1-faults.ts'
import type { DeviceStateRow, ReadingRow, TelemetryCommit } from '../../store/write-telemetry.ts'

export type Commit = (commit: Omit<TelemetryCommit, 'hours'>) => Promise<void>
type Outcome = 'stored' | Fault

interface Outcomes {
  readonly rows: readonly Outcome[]
  readonly states: Outcome
}

interface Entry {
  readonly rows: readonly ReadingRow[]
  readonly states: readonly DeviceStateRow[]
  readonly bytes: number
  readonly done: (outcomes: Outcomes) => void
}

const unavailable: Fault = {
  code: 'unavailable',
  detail: 'The telemetry store does not answer; send the message again.',
  retryAfter: 5,
}
export const backlogFull: Fault = {
  ...unavailable,
  detail: 'Too much waits to be stored; send the message again later.',
}
/** Why a database did nothing: it has no tables yet, or it does not answer. */
export function faultOf(error: unknown): Fault {
  return isMigrationMissing(error) ? migrationsPending : unavailable
}

const migrationsPending: Fault = {
  code: 'migrations_pending',
  detail: 'Apply the migrations: npx wrangler d1 migrations apply TELEMETRY_0 --remote (and each further shard).',
  retryAfter: 30,
}

/**
 * Group commit. An idle queue writes at once; what arrives while a write is in flight joins the next single
 * statement. A row that the database refuses for good is found by halving; any other failure is retried whole
 * and then fails everything that waits, so that no sender waits longer than that.
 */
export class CommitQueue {
  readonly #commit: Commit
  readonly #sleep: (ms: number) => Promise<void>
  readonly #now: () => number
  #entries: Entry[] = []
  #running = false
  #awaited: { readonly count: number; readonly wake: () => void } | undefined

  constructor(commit: Commit, sleep: (ms: number) => Promise<void>, now: () => number) {
    this.#commit = commit
    this.#sleep = sleep
    this.#now = now
  }

  /** Resolves with an outcome for each row, in order. */
  async pushRows(rows: readonly ReadingRow[]): Promise<readonly Outcome[]> {
    if (rows.length === 0) return []
    return (await this.#push(rows, [])).rows
  }

  async pushState(state: DeviceStateRow): Promise<Outcome> {
    return (await this.#push([], [state])).states
  }

  #push(rows: readonly ReadingRow[], states: readonly DeviceStateRow[]): Promise<Outcomes> {
    let bytes = 0
    for (const row of rows) bytes += row.json.length + 64
    for (const state of states) bytes += state.latest.length + 128
    return new Promise((done) => {
      this.#entries.push({ rows, states, bytes, done })
      if (this.#awaited && this.#entries.length >= this.#awaited.count) this.#awaited.wake()
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#entries.length > 0) {
      const batch = this.#takeBatch()
      const left = this.#entries.length
      const startedAt = this.#now()
      const rows = batch.flatMap((entry) => entry.rows)
      const states = batch.flatMap((entry) => entry.states)
      const outcomes = await this.#write(rows, states, { startedAt, slept: 0 })
      let start = 0
      for (const entry of batch) {
        entry.done({ rows: outcomes.rows.slice(start, start + entry.rows.length), states: outcomes.states })
        start += entry.rows.length
      }
      if (outcomes.states === unavailable || outcomes.rows.includes(unavailable)) this.#failWaiting()
      // Under load, wait for those who were just answered: fewer, fuller statements. An idle queue never waits.
      const isLoaded = batch.length > 1 && left === 0
      if (isLoaded) await this.#gather(batch.length, Math.min(this.#now() - startedAt, limits.gatherMs))
    }
    this.#running = false
  }

  /** Until so many wait beyond those that wait already, or the time is over. */
  async #gather(more: number, ms: number): Promise<void> {
    const enough = new Promise<void>((wake) => {
      this.#awaited = { count: this.#entries.length + more, wake }
    })
    await Promise.race([enough, this.#sleep(ms)])
    this.#awaited = undefined
  }

  #takeBatch(): Entry[] {
    let rows = 0
    let bytes = 0
    let count = 0
    for (const entry of this.#entries) {
      rows += entry.rows.length
      bytes += entry.bytes
      if (count > 0 && (rows > limits.statementRows || bytes > limits.statementBytes)) break
      count++
    }
    return this.#entries.splice(0, count)
  }

  #failWaiting(): void {
    const waiting = this.#entries
    this.#entries = []
    for (const entry of waiting) entry.done(all(entry.rows, unavailable))
  }

  /** One budget of patience for a batch, however it is halved. */
  async #write(rows: readonly ReadingRow[], states: readonly DeviceStateRow[], patience: Patience): Promise<Outcomes> {
    for (let pause: number = limits.writeRetryFirstMs; ; pause = Math.min(pause * 2, limits.writeRetryMaxMs)) {
      try {
        await this.#commit({ rows, states })
        return all(rows, 'stored')
      } catch (error) {
        if (isMigrationMissing(error)) return all(rows, migrationsPending)
        if (isRowFault(error)) return this.#isolate(rows, states, patience)
        const waited = Math.max(patience.slept, this.#now() - patience.startedAt)
        if (waited >= limits.writeRetryMs) return all(rows, unavailable)
      }
      await this.#sleep(pause)
      patience.slept += pause
    }
  }

  /** Five bad rows of a hundred cost 51 statements. A bad row takes no state down with it, nor a bad state a row. */
  async #isolate(
    rows: readonly ReadingRow[],
    states: readonly DeviceStateRow[],
    patience: Patience,
  ): Promise<Outcomes> {
    if (rows.length > 0 && states.length > 0) {
      const alone = await this.#write([], states, patience)
      return { rows: (await this.#write(rows, [], patience)).rows, states: alone.states }
    }
    if (rows.length <= 1) return all(rows, refused)
    const half = rows.length >> 1
    const first = await this.#write(rows.slice(0, half), [], patience)
    const rest = rows.slice(half)
    const second = first.rows.includes(unavailable) ? all(rest, unavailable) : await this.#write(rest, [], patience)
    return { rows: [...first.rows, ...second.rows], states: 'stored' }
  }
}

interface Patience {
  readonly startedAt: number
  slept: number
}

function all(rows: readonly ReadingRow[], outcome: Outcome): Outcomes {
  return { rows: rows.map(() => outcome), states: outcome }
}

const refused: Fault = {
  code: 'validation_rejected',
  reason: 'unsupported_value',
  detail: 'The database refuses this reading as it is.',
}

function isRowFault(error: unknown): boolean {
  const message = error instanceof Error ? error.message : ''
  return /SQLITE_CONSTRAINT|SQLITE_TOOBIG|SQLITE_MISMATCH|malformed JSON|too big/.test(message)
}
