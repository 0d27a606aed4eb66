import { limits } from '../../domain/limits.ts'
import { log } from '../../log.ts'
import type { Inbound, Outcome } from '../../mqtt/connection/ports.ts'
import { type Message, pack, unpack } from '../../mqtt/space/message.ts'
import type { DeviceStorage } from './storage.ts'

export const willMigration = `CREATE TABLE mqtt_wills (
  id INTEGER PRIMARY KEY AUTOINCREMENT, head TEXT NOT NULL, payload BLOB NOT NULL, attempts INTEGER NOT NULL,
  due_at INTEGER NOT NULL, ends_at INTEGER NOT NULL
) STRICT`

/** By which a repeat of the same will is known. */
export type WillRepeat = Pick<Inbound, 'packetId' | 'isDup'>

export interface WillsHost {
  take(will: Message, repeat: WillRepeat): Promise<Outcome>
  /** The object's alarm must ring by then. */
  arm(at: number): void
  /** Goes on after the event. */
  background(work: Promise<unknown>): void
  now(): number
}

type Row = { id: number; head: string; payload: ArrayBuffer; attempts: number; due_at: number; ends_at: number }

/**
 * Wills whose time has come. Their client is not there to send them again, so one that meets a passing fault, or an
 * eviction, is tried again.
 */
export class DueWills {
  readonly #storage: DeviceStorage
  readonly #host: WillsHost
  readonly #underWay = new Set<number>()

  constructor(storage: DeviceStorage, host: WillsHost) {
    this.#storage = storage
    this.#host = host
  }

  /** Written before it is tried: it may not come back from there. */
  publish(will: Message): void {
    const now = this.#host.now()
    const { head, payload } = pack(will)
    this.#storage.prepare()
    const row = this.#storage.sql
      .exec<Row>(
        'INSERT INTO mqtt_wills (head, payload, attempts, due_at, ends_at) VALUES (?, ?, 1, ?, ?) RETURNING *',
        head,
        payload,
        now + limits.mqttWillRetryMs,
        now + limits.mqttWillMs,
      )
      .one()
    this.#host.background(this.#try(row))
    this.#arm()
  }

  /** Those that are due. */
  retry(): void {
    if (!this.#storage.isReady) return
    const now = this.#host.now()
    this.#storage.sql.exec('DELETE FROM mqtt_wills WHERE ends_at < ?', now)
    const due = this.#storage.sql
      .exec<Row>(
        `UPDATE mqtt_wills SET attempts = attempts + 1, due_at = ?1 + ?2 * (1 << attempts) WHERE due_at <= ?1 RETURNING *`,
        now,
        limits.mqttWillRetryMs,
      )
      .toArray()
      .filter(({ id }) => !this.#underWay.has(id))
    for (const row of due.sort((a, b) => a.id - b.id)) this.#host.background(this.#try(row))
    this.#arm()
  }

  async #try({ id, head, payload, attempts, due_at, ends_at }: Row): Promise<void> {
    this.#underWay.add(id)
    try {
      const outcome = await this.#host.take(unpack(head, payload), { packetId: id, isDup: attempts > 1 })
      const isPassing = typeof outcome === 'object' && 'passing' in outcome
      if (!isPassing) this.#remove(id)
      else if (due_at > ends_at) log('warn', 'mqtt_will_given_up', { code: outcome.passing.code })
    } catch (error) {
      log('error', 'mqtt_will_failed', { error })
    } finally {
      this.#underWay.delete(id)
    }
  }

  #remove(id: number): void {
    if (this.#storage.isReady) this.#storage.sql.exec('DELETE FROM mqtt_wills WHERE id = ?', id)
  }

  #arm(): void {
    const query = 'SELECT min(due_at) AS due FROM mqtt_wills'
    const { due } = this.#storage.sql.exec<{ due: number | null }>(query).one()
    if (due !== null) this.#host.arm(due)
  }
}
