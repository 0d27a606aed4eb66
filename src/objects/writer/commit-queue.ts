import type { Fault } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { isMigrationMissing } from '../../store/d1-faults.ts'
import type { DeviceStateRow, ReadingRow, TelemetryCommit } from '../../store/write-telemetry.ts'

export type Commit = (commit: Omit<TelemetryCommit, 'hours'>) => Promise<void>
type RowOutcome = 'stored' | Fault

interface Entry {
  readonly rows: readonly ReadingRow[]
  readonly states: readonly DeviceStateRow[]
  readonly bytes: number
  readonly done: (outcomes: readonly RowOutcome[]) => void
}

const unavailable: Fault = {
  code: 'unavailable',
  detail: 'The telemetry store does not answer; send the message again.',
  retryAfter: 5,
}
const backlogFull: Fault = {
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
  #bytes = 0
  #running = false

  constructor(commit: Commit, sleep: (ms: number) => Promise<void>, now: () => number) {
    this.#commit = commit
    this.#sleep = sleep
    this.#now = now
  }

  /** Bytes that are not acknowledged yet. */
  get bytes(): number {
    return this.#bytes
  }

  push(rows: readonly ReadingRow[], states: readonly DeviceStateRow[] = []): Promise<readonly RowOutcome[]> {
    let bytes = 0
    for (const row of rows) bytes += row.json.length + 64
    for (const state of states) bytes += state.latest.length + 128
    if (this.#bytes + bytes > limits.laneBacklogBytes) return Promise.resolve(rows.map(() => backlogFull))
    this.#bytes += bytes
    return new Promise((resolve) => {
      const done = (outcomes: readonly RowOutcome[]) => {
        this.#bytes -= bytes
        resolve(outcomes)
      }
      this.#entries.push({ rows, states, bytes, done })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    let linger = 0
    while (this.#entries.length > 0) {
      if (linger > 0) await this.#sleep(linger)
      const batch = this.#takeBatch()
      const startedAt = this.#now()
      const rows = batch.flatMap((entry) => entry.rows)
      const states = batch.flatMap((entry) => entry.states)
      const outcomes = await this.#write(rows, states)
      let start = 0
      for (const entry of batch) {
        entry.done(outcomes.slice(start, start + entry.rows.length))
        start += entry.rows.length
      }
      if (outcomes.includes(unavailable)) this.#failWaiting()
      // Under load, wait for those who were just answered: fewer, fuller statements. An idle queue never waits.
      linger = batch.length > 1 ? Math.min((this.#now() - startedAt) / 2, limits.lingerMs) : 0
    }
    this.#running = false
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
    for (const entry of waiting) entry.done(entry.rows.map(() => unavailable))
  }

  async #write(rows: readonly ReadingRow[], states: readonly DeviceStateRow[]): Promise<RowOutcome[]> {
    const startedAt = this.#now()
    let slept = 0
    for (let pause: number = limits.writeRetryFirstMs; ; pause = Math.min(pause * 2, limits.writeRetryMaxMs)) {
      try {
        await this.#commit({ rows, states })
        return rows.map(() => 'stored')
      } catch (error) {
        if (isMigrationMissing(error)) return rows.map(() => migrationsPending)
        if (isRowFault(error)) return this.#isolate(rows, states)
        if (Math.max(slept, this.#now() - startedAt) >= limits.writeRetryMs) return rows.map(() => unavailable)
      }
      await this.#sleep(pause)
      slept += pause
    }
  }

  /** Five bad rows of a hundred cost 51 statements. A bad state takes no reading down with it. */
  async #isolate(rows: readonly ReadingRow[], states: readonly DeviceStateRow[]): Promise<RowOutcome[]> {
    if (states.length > 0) return this.#write(rows, [])
    if (rows.length <= 1) return rows.map(() => refused)
    const half = rows.length >> 1
    return [...(await this.#write(rows.slice(0, half), [])), ...(await this.#write(rows.slice(half), []))]
  }
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
