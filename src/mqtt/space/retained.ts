import { limits } from '../../domain/limits.ts'
import { aged, expiryOf, isOver, type Message, pack, unpack } from './message.ts'
import type { SpaceStorage } from './storage.ts'

export const retainedMigrations = [
  `CREATE TABLE mqtt_retained (
    topic TEXT PRIMARY KEY, bytes INTEGER NOT NULL, expires_at INTEGER, head TEXT NOT NULL, payload BLOB NOT NULL
  ) STRICT, WITHOUT ROWID`,
]

/** `from`: the client that published it, for subscribers who do not want their own. */
export interface Retained extends Message {
  readonly from?: string
}

type Row = { topic: string; expires_at: number | null; head: string; payload: ArrayBuffer }

/** The last retained message of each topic, a row each. */
export class RetainedMessages {
  readonly #storage: SpaceStorage

  constructor(storage: SpaceStorage) {
    this.#storage = storage
  }

  /** False: there is no room, and the topic keeps what it had. */
  keep(message: Retained, now: number): boolean {
    const { head, payload } = pack(message)
    if (payload.byteLength === 0) return this.#clear(message.topic)
    const bytes = head.length + payload.byteLength
    if (this.#same(message.topic, head, payload)) return true
    this.#storage.prepare()
    if (!this.#hasRoomFor(message.topic, bytes, now)) return false
    this.#storage.sql.exec(
      `INSERT INTO mqtt_retained (topic, bytes, expires_at, head, payload) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (topic) DO UPDATE SET bytes = excluded.bytes, expires_at = excluded.expires_at,
          head = excluded.head, payload = excluded.payload`,
      message.topic,
      bytes,
      expiryOf(message, now),
      head,
      payload,
    )
    return true
  }

  of(isWanted: (topic: string) => boolean, now: number): Retained[] {
    if (!this.#storage.isReady) return []
    const topics = this.#storage.sql
      .exec<{ topic: string; expires_at: number | null }>('SELECT topic, expires_at FROM mqtt_retained ORDER BY topic')
      .toArray()
      .filter(({ topic, expires_at }) => !isOver(expires_at, now) && isWanted(topic))
    if (topics.length === 0) return []
    return this.#storage.sql
      .exec<Row>(
        `SELECT topic, expires_at, head, payload FROM mqtt_retained
          WHERE topic IN (SELECT value FROM json_each(?)) ORDER BY topic`,
        JSON.stringify(topics.map(({ topic }) => topic)),
      )
      .toArray()
      .map(({ expires_at, head, payload }) => aged(unpack<Retained>(head, payload), expires_at, now))
  }

  /** [MQTT-3.3.1-6] */
  #clear(topic: string): boolean {
    if (this.#storage.isReady) this.#storage.sql.exec('DELETE FROM mqtt_retained WHERE topic = ?', topic)
    return true
  }

  /** Said again, as devices do that announce themselves: nothing to write, unless its time runs anew. */
  #same(topic: string, head: string, payload: Uint8Array): boolean {
    if (!this.#storage.isReady) return false
    const query = `SELECT 1 AS n FROM mqtt_retained WHERE topic = ? AND expires_at IS NULL AND head = ? AND payload = ?`
    return this.#storage.sql.exec<{ n: number }>(query, topic, head, payload).toArray().length > 0
  }

  #hasRoomFor(topic: string, bytes: number, now: number): boolean {
    this.#storage.sql.exec('DELETE FROM mqtt_retained WHERE expires_at <= ?', now)
    const [others] = this.#storage.sql
      .exec<{ count: number; bytes: number }>(
        'SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM mqtt_retained WHERE topic <> ?',
        topic,
      )
      .toArray()
    if (!others) return true
    return others.count < limits.mqttRetainedTopics && others.bytes + bytes <= limits.mqttRetainedBytes
  }
}
