import { createHash } from 'node:crypto'
import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { AppendRow } from '../../services/ports.ts'

/**
 * Idempotency-Keys of 24 h in the lane's own SQLite: which times the rows without `ts` of one message got.
 * Stored before the rows are committed, so that a repeat after any fault gets the same times.
 */
export class IdempotencyKeys {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @throws AppError conflict (idempotency_key_reused) where the key came with other rows. */
  find(deviceId: string, key: string, rows: readonly AppendRow[], now: number): number[] | undefined {
    const row = this.#sql
      .exec<{ digest: string; times: string }>(
        'SELECT digest, times FROM idempotency_keys WHERE device_id = ? AND key = ? AND at > ?',
        deviceId,
        key,
        now - limits.idempotencyMs,
      )
      .toArray()[0]
    if (!row) return undefined
    if (row.digest !== digest(rows)) {
      const detail = 'This Idempotency-Key was used with another body.'
      throw new AppError('conflict', {
        reason: 'idempotency_key_reused',
        detail,
      })
    }
    return JSON.parse(row.times) as number[]
  }

  save(deviceId: string, key: string, rows: readonly AppendRow[], times: readonly number[], now: number): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO idempotency_keys (device_id, key, digest, times, at) VALUES (?, ?, ?, ?, ?)',
      deviceId,
      key,
      digest(rows),
      JSON.stringify(times),
      now,
    )
  }

  /** Forgets what is over; returns when the next one will be. */
  purge(now: number): number | undefined {
    this.#sql.exec('DELETE FROM idempotency_keys WHERE at <= ?', now - limits.idempotencyMs)
    const oldest = this.#sql.exec<{ at: number | null }>('SELECT min(at) AS at FROM idempotency_keys').one().at
    return oldest === null ? undefined : oldest + limits.idempotencyMs
  }
}

function digest(rows: readonly AppendRow[]): string {
  const hash = createHash('sha256')
  for (const { ts, json } of rows) hash.update(`${ts ?? ''}:${json}\n`)
  return hash.digest('base64')
}
