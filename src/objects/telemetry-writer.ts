import { DurableObject } from 'cloudflare:workers'
import { sleep, withDeadline } from '../domain/deadline.ts'
import { AppError, type Fault, toFault } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { AppendGroup, AppendResult, AppendRow, ParkedWebhook, Parking, TelemetryLane } from '../services/ports.ts'
import { isMigrationMissing } from '../store/d1-faults.ts'
import { telemetryShard } from '../store/shards.ts'
import { addUsage } from '../store/usage.ts'
import {
  commitTelemetry,
  type DeviceStateRow,
  newestTimes,
  type ReadingRow,
  recentMarks,
} from '../store/write-telemetry.ts'
import { Deadline } from './device/deadline.ts'
import { type PackedGroup, unpackGroups } from './packing.ts'
import { migrateStorage } from './storage-migrations.ts'
import { ArrivalClock } from './writer/arrival-clock.ts'
import { backlogFull, CommitQueue, faultOf } from './writer/commit-queue.ts'
import { DirtyHours } from './writer/dirty-hours.ts'
import { IdempotencyKeys } from './writer/idempotency.ts'
import { ParkingLot, parkingMigrations } from './writer/parking-lot.ts'
import { RepeatMarks } from './writer/repeat-marks.ts'
import { UsageCounter } from './writer/usage-counter.ts'
import { webhookWorkshop } from './writer/webhook-workshop.ts'

const migrations = [
  'CREATE TABLE leads (device_id TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  `CREATE TABLE idempotency_keys (
    device_id TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, times TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (device_id, key)
  ) STRICT, WITHOUT ROWID`,
  'CREATE TABLE lane (shard INTEGER NOT NULL) STRICT',
  ...parkingMigrations,
]

type TimedRow = ReadingRow | Fault

/** From the object's name; kept, since an object that an alarm wakes may not be told its name. */
function shardOf({ id, storage }: DurableObjectState): number {
  const named = Number.parseInt(id.name ?? '', 10)
  const kept = storage.sql.exec<{ shard: number }>('SELECT shard FROM lane').toArray()[0]?.shard
  if (!Number.isNaN(named) && kept === undefined) storage.sql.exec('INSERT INTO lane (shard) VALUES (?)', named)
  const shard = kept ?? named
  if (Number.isNaN(shard)) throw new Error('This lane does not know its shard.')
  return shard
}

/**
 * A lane: the only writer of its part of a telemetry shard. Named `{shard}:{lane}`. `append` resolves when
 * the rows are committed to D1; that is what every acknowledgement waits for.
 */
export class TelemetryWriter extends DurableObject<Env> implements TelemetryLane, Parking {
  /** Tests replace it to make D1 slow or to make it fail. */
  database: D1Database
  /** The same for the registry, while parked webhook calls are worked off. */
  registry: D1Database
  readonly #parked: ParkingLot
  readonly #deadline: Deadline
  /** One alarm for all that is parked before it rings. */
  #draining: Promise<void> | undefined
  readonly #clock: ArrivalClock
  readonly #marks = new RepeatMarks()
  readonly #keys: IdempotencyKeys
  readonly #hours = new DirtyHours()
  readonly #usage: UsageCounter
  readonly #queue: CommitQueue
  #admission: Promise<unknown> = Promise.resolve()
  /** Bytes of calls that are not answered yet. */
  #held = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { sql } = ctx.storage
    migrateStorage(ctx.storage, migrations)
    this.database = telemetryShard(env, shardOf(ctx))
    this.registry = env.DB
    this.#deadline = new Deadline(ctx.storage)
    this.#parked = new ParkingLot(ctx.storage, webhookWorkshop(ctx, env, this))
    this.#keys = new IdempotencyKeys(sql)
    this.#usage = new UsageCounter((reports) => addUsage(env.DB, reports))
    this.#clock = new ArrivalClock(
      {
        load: () => {
          sql.exec('DELETE FROM leads WHERE until < ?', Date.now())
          return sql
            .exec<{ device_id: string; until: number }>('SELECT device_id, until FROM leads')
            .toArray()
            .map((row) => [row.device_id, row.until] as const)
        },
        save: (deviceId, until) => {
          sql.exec('INSERT OR REPLACE INTO leads (device_id, until) VALUES (?, ?)', deviceId, until)
        },
      },
      Date.now(),
    )
    this.#queue = new CommitQueue(
      ({ rows, states }) => this.#commit(rows, states),
      sleep,
      () => Date.now(),
    )
  }

  /** `append` as it is called from other objects. */
  appendPacked(groups: readonly PackedGroup[]): Promise<readonly AppendResult[]> {
    return this.append(unpackGroups(groups))
  }

  /** Resolves when the rows are committed; a result for each group, in order. Never rejects for a row's sake. */
  async append(groups: readonly AppendGroup[]): Promise<readonly AppendResult[]> {
    let bytes: number = limits.waitingCallBytes
    for (const { rows } of groups) for (const { json } of rows) bytes += json.length + 64
    if (this.#held + bytes > limits.laneBacklogBytes) return groups.map(({ rows }) => rows.map(() => backlogFull))
    this.#held += bytes
    try {
      return await this.#store(groups)
    } finally {
      this.#held -= bytes
    }
  }

  async #store(groups: readonly AppendGroup[]): Promise<readonly AppendResult[]> {
    const timed = await this.#inTurn(() => this.#giveTimes(groups))
    const rows = timed.flat().filter((row): row is ReadingRow => 'ts' in row)
    const outcomes = await this.#queue.pushRows(rows)
    let next = 0
    const results = timed.map((group) =>
      group.map((row) => {
        if (!('ts' in row)) return row
        const outcome = outcomes[next++]
        return outcome === 'stored' ? row.ts : (outcome as Fault)
      }),
    )
    for (const [i, group] of groups.entries()) this.#refund(group, timed[i] ?? [], results[i] ?? [])
    this.ctx.waitUntil(this.#usage.share(Date.now()))
    return results
  }

  /** Saves what a device's object knows; rides with the readings that are being written. @throws Error where it is not stored */
  async saveState(state: DeviceStateRow): Promise<void> {
    const outcome = await this.#queue.pushState(state)
    if (outcome !== 'stored') throw new Error(outcome.detail)
  }

  /** Kept when it resolves: storage confirms before the answer leaves. False: there is no room. */
  async park(parked: ParkedWebhook): Promise<boolean> {
    if (!this.#parked.add(parked)) return false
    this.#draining ??= this.#deadline.arm(Date.now() + limits.parkedRetryFirstMs)
    await this.#draining
    return true
  }

  override async alarm(): Promise<void> {
    this.#draining = undefined
    const again = await this.#parked.drain()
    const now = Date.now()
    const purge = this.#keys.purge(now)
    if (purge !== undefined) await this.#deadline.arm(Math.max(purge, now + limits.idempotencyPurgeMs))
    if (again !== undefined) await this.#deadline.arm(now + again)
  }

  /** Times are given in the order of arrival, also where a look-up is awaited in between. */
  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const turn = this.#admission.then(work)
    this.#admission = turn.catch(() => undefined)
    return turn
  }

  async #giveTimes(groups: readonly AppendGroup[]): Promise<TimedRow[][]> {
    const now = Date.now()
    try {
      await this.#lookUpCold(groups, now)
    } catch (error) {
      return groups.map((group) => group.rows.map(() => faultOf(error)))
    }
    return groups.map((group) => {
      try {
        return group.idempotencyKey === undefined
          ? this.#timeRows(group, now)
          : this.#timeKeyedRows(group, group.idempotencyKey, now)
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return group.rows.map(() => toFault(error))
      }
    })
  }

  #admit({ tenantId, quota, rows }: AppendGroup, now: number): void {
    if (!quota) return
    const backlog = rows.filter(({ ts }) => isBacklog(ts, now)).length
    this.#usage.admit(tenantId, quota, rows.length - backlog, backlog, now)
  }

  /** What was admitted and then not stored is not counted. */
  #refund({ tenantId, quota }: AppendGroup, timed: readonly TimedRow[], results: AppendResult): void {
    if (!quota) return
    const now = Date.now()
    const lost = timed.filter((row, i): row is ReadingRow => 'ts' in row && typeof results[i] !== 'number')
    const backlog = lost.filter(({ ts }) => isBacklog(ts, now)).length
    if (lost.length > 0) this.#usage.refund(tenantId, quota, lost.length - backlog, backlog, now)
  }

  #timeRows(group: AppendGroup, now: number): ReadingRow[] {
    this.#admit(group, now)
    const { deviceId, rows } = group
    return rows.map((row) => {
      const ts = this.#timeOf(deviceId, row, now)
      if (row.mark !== undefined) this.#marks.remember(deviceId, row.mark, ts)
      return { deviceId, ts, json: row.json, mark: row.mark }
    })
  }

  #timeOf(deviceId: string, row: AppendRow, now: number): number {
    if (row.ts !== undefined) {
      this.#clock.note(deviceId, row.ts, now)
      return row.ts
    }
    const first = row.mark === undefined || row.isFirst ? undefined : this.#marks.find(deviceId, row.mark)
    return first ?? row.arrivedAt ?? this.#clock.give(deviceId, now)
  }

  #timeKeyedRows(group: AppendGroup, key: string, now: number): ReadingRow[] {
    const { deviceId, rows } = group
    if (rows.every((row) => row.ts !== undefined)) return this.#timeRows(group, now)
    const times = this.#keys.find(deviceId, key, rows, now)
    if (times)
      return rows.map(({ json }, i) => ({
        deviceId,
        ts: times[i] as number,
        json,
        mark: undefined,
      }))
    const timed = this.#timeRows(group, now)
    this.#keys.save(
      deviceId,
      key,
      rows,
      timed.map(({ ts }) => ts),
      now,
    )
    this.ctx.waitUntil(this.#deadline.arm(now + limits.idempotencyMs))
    return timed
  }

  async #lookUpCold(groups: readonly AppendGroup[], now: number): Promise<void> {
    const unsure = new Set<string>()
    const unmarked = new Set<string>()
    for (const { deviceId, rows } of groups) {
      if (rows.some(({ ts }) => ts === undefined) && this.#clock.uncertain(deviceId, now)) unsure.add(deviceId)
      const mayRepeat = rows.some(({ mark, isFirst }) => mark !== undefined && !isFirst)
      if (mayRepeat && !this.#marks.knows(deviceId)) unmarked.add(deviceId)
    }
    if (unsure.size > 0) {
      const newest = await this.#read(() => newestTimes(this.database, [...unsure], now, now + limits.clockLeadMs))
      for (const deviceId of unsure) this.#clock.settle(deviceId, newest.get(deviceId))
    }
    if (unmarked.size > 0) {
      const marks = await this.#read(() => recentMarks(this.database, [...unmarked], now - limits.markWindowMs))
      for (const deviceId of unmarked) {
        const own = marks.filter((row) => row.deviceId === deviceId)
        this.#marks.fill(
          deviceId,
          own.map(({ mark, ts }) => [mark, ts] as const),
        )
      }
    }
  }

  /** A passing fault is tried again, but not for long: whoever comes later waits behind it. */
  async #read<T>(query: () => Promise<T>): Promise<T> {
    const startedAt = Date.now()
    for (let pause = limits.writeRetryFirstMs; ; pause *= 2) {
      try {
        return await withDeadline(query(), limits.d1TimeoutMs)
      } catch (error) {
        if (isMigrationMissing(error) || Date.now() - startedAt + pause > limits.lookUpRetryMs) throw error
      }
      await sleep(pause)
    }
  }

  async #commit(rows: readonly ReadingRow[], states: readonly DeviceStateRow[]): Promise<void> {
    const hours = this.#hours.unmarked(rows, Date.now())
    await withDeadline(commitTelemetry(this.database, { rows, states, hours }), limits.d1TimeoutMs)
    this.#hours.remember(hours, Date.now())
  }
}

function isBacklog(ts: number | undefined, now: number): boolean {
  return ts !== undefined && ts < now - limits.backlogAgeMs
}
