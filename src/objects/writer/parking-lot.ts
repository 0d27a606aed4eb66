import { withDeadline } from '../../domain/deadline.ts'
import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { WebhookRequest } from '../../domain/webhook.ts'
import { log } from '../../log.ts'
import type { ParkedWebhook } from '../../services/ports.ts'

export const parkingMigrations = [
  `CREATE TABLE parked (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant_id TEXT NOT NULL, id TEXT NOT NULL, connector TEXT NOT NULL,
    received_at INTEGER NOT NULL, request TEXT NOT NULL, body BLOB NOT NULL, hashes TEXT NOT NULL,
    is_verified INTEGER NOT NULL
  ) STRICT`,
]

/** Works a call off. False: not now, the database is still away. */
export type WorkOff = (parked: ParkedWebhook) => Promise<boolean>

type Row = {
  readonly seq: number
  readonly tenant_id: string
  readonly id: string
  readonly connector: string
  readonly received_at: number
  readonly request: string
  readonly body: ArrayBuffer
  readonly hashes: string
  readonly is_verified: number
}

interface Load {
  bodies: number
  bytes: number
}

interface Held {
  readonly all: Load
  readonly unverified: Load
}

/** Webhook calls that came while the database was away, in the lane's own SQLite, until they are worked off. */
export class ParkingLot {
  readonly #sql: SqlStorage
  readonly #workOff: WorkOff
  /** Counted once in the object's life: a look at every body for each that comes would be a square. */
  readonly #held: Held
  #lastAt = 0
  #pauseMs: number = limits.parkedRetryFirstMs

  constructor({ sql }: DurableObjectStorage, workOff: WorkOff) {
    this.#sql = sql
    this.#workOff = workOff
    this.#held = { all: this.#count('true'), unverified: this.#count('is_verified = 0') }
  }

  /** False: there is no room, or none for callers that could not be checked. */
  add({ tenantId, call, hashes, isVerified }: ParkedWebhook): boolean {
    if (!this.#hasRoom(call.bytes.length, isVerified)) return false
    // Two calls in one millisecond are two: what has no time of its own is stored under this one.
    this.#lastAt = Math.max(call.receivedAt, this.#lastAt + 1)
    this.#sql.exec(
      `INSERT INTO parked (tenant_id, id, connector, received_at, request, body, hashes, is_verified)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      tenantId,
      call.id,
      call.connector,
      this.#lastAt,
      JSON.stringify(call.request),
      call.bytes,
      JSON.stringify(hashes),
      isVerified ? 1 : 0,
    )
    this.#hold(call.bytes.length, isVerified, 1)
    return true
  }

  #hasRoom(bytes: number, isVerified: boolean): boolean {
    const { all, unverified } = this.#held
    if (all.bodies >= limits.parkedBodies || all.bytes + bytes > limits.parkedBytes) return false
    if (isVerified) return true
    const { parkedUnverifiedBodies, parkedUnverifiedBytes } = limits
    return unverified.bodies < parkedUnverifiedBodies && unverified.bytes + bytes <= parkedUnverifiedBytes
  }

  #count(condition: string): Load {
    const count = `SELECT count(*) AS bodies, coalesce(sum(length(body)), 0) AS bytes FROM parked WHERE ${condition}`
    return this.#sql.exec<{ bodies: number; bytes: number }>(count).one()
  }

  #hold(bytes: number, isVerified: boolean, sign: 1 | -1): void {
    const { all, unverified } = this.#held
    for (const load of isVerified ? [all] : [all, unverified]) {
      load.bodies += sign
      load.bytes += sign * bytes
    }
  }

  /** Oldest first, some at once. Returns after how long to go on; undefined: nothing is left. */
  async drain(): Promise<number | undefined> {
    let isLeft = false
    let seq = 0
    for (let tried = 0; tried < limits.parkedPerAlarm; tried += limits.parkedAtOnce) {
      const rows = this.#sql
        .exec<Row>('SELECT * FROM parked WHERE seq > ? ORDER BY seq LIMIT ?', seq, limits.parkedAtOnce)
        .toArray()
      if (rows.length === 0) return isLeft ? this.#nextPause() : this.#rest()
      const isDone = await Promise.all(rows.map((row) => this.#tryOne(row)))
      if (!isDone.includes(true)) return this.#nextPause()
      isLeft ||= isDone.includes(false)
      seq = rows.at(-1)?.seq ?? seq
    }
    return isLeft ? this.#nextPause() : 0
  }

  #rest(): undefined {
    this.#pauseMs = limits.parkedRetryFirstMs
  }

  #nextPause(): number {
    const pause = this.#pauseMs
    this.#pauseMs = Math.min(pause * 2, limits.parkedRetryMaxMs)
    return pause
  }

  async #tryOne(row: Row): Promise<boolean> {
    try {
      if (!(await withDeadline(this.#workOff(toParked(row)), 2 * limits.d1TimeoutMs))) return false
    } catch (error) {
      log('error', 'parked_webhook_failed', { connector: row.connector, error })
      if (row.received_at > Date.now() - limits.inboxMs) return false
    }
    this.#sql.exec('DELETE FROM parked WHERE seq = ?', row.seq)
    this.#hold(row.body.byteLength, row.is_verified === 1, -1)
    return true
  }
}

function toParked(row: Row): ParkedWebhook {
  const { id, connector, received_at: receivedAt } = row
  const request = JSON.parse(row.request) as WebhookRequest
  return {
    tenantId: row.tenant_id as TenantId,
    call: { id, connector, receivedAt, request, bytes: new Uint8Array(row.body), isParked: true },
    hashes: JSON.parse(row.hashes) as string[],
    isVerified: row.is_verified === 1,
  }
}
