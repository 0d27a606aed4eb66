import { limits } from '../../domain/limits.ts'
import { aged, type Copy, expiryOf, isOver, type Outbound, pack, type QoS, unpack } from './message.ts'
import type { Session } from './session-table.ts'
import type { SpaceStorage } from './storage.ts'

export const queueMigrations = [
  `CREATE TABLE mqtt_queue (
    session INTEGER NOT NULL, seq INTEGER NOT NULL, stage TEXT NOT NULL, qos INTEGER NOT NULL, bytes INTEGER NOT NULL,
    expires_at INTEGER, head TEXT NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (session, seq)
  ) STRICT, WITHOUT ROWID`,
]

/** `received`: a QoS 2 message that the client has, and only the rest of the handshake is left. */
type Stage = 'queued' | 'sent' | 'received'

interface Entry {
  readonly seq: number
  readonly qos: QoS
  readonly bytes: number
  readonly expiresAt: number | null
  stage: Stage
}

type EntryRow = { seq: number; stage: Stage; qos: QoS; bytes: number; expires_at: number | null }
type MessageRow = { seq: number; head: string; payload: ArrayBuffer }

/**
 * Rising numbers of a device, from the clock, so that no counter needs a row: no object takes a thousand messages in
 * a millisecond, and an eviction takes longer than its lead.
 */
export class Sequence {
  #last = 0

  next(now: number, after: number): number {
    this.#last = Math.max(now * 1000, this.#last + 1, after + 1)
    return this.#last
  }
}

/**
 * The QoS 1 and 2 messages that a session is owed, a row each until it has them: first those on their way, then
 * those that wait, in the order in which they came. A `seq` is never used again, and gives the packet id too:
 * it must be the same after every reconnect [MQTT-4.4.0-1], and would cost a written row of its own.
 */
export class SessionQueue {
  readonly #storage: SpaceStorage
  readonly #session: Session
  readonly #sequence: Sequence
  readonly #packetIds = new Set<number>()
  #entries: Entry[] = []
  #bytes = 0

  constructor(storage: SpaceStorage, session: Session, sequence: Sequence) {
    this.#storage = storage
    this.#session = session
    this.#sequence = sequence
    for (const entry of this.#load()) this.#push(entry)
  }

  get length(): number {
    return this.#entries.length
  }

  get #waiting(): Entry[] {
    return this.#entries.filter(({ stage }) => stage === 'queued')
  }

  /** Sends it if the client may have it now. */
  add(message: Copy, now: number): Outbound | undefined {
    const { head, payload } = pack(message)
    const bytes = head.length + payload.byteLength
    const isNext = this.#session.connection !== null && this.#entries.at(-1)?.stage !== 'queued'
    const entry: Entry = {
      seq: this.#newSeq(now),
      qos: message.qos,
      bytes,
      expiresAt: expiryOf(message, now),
      stage: isNext && this.#hasRoomFor(bytes) ? 'sent' : 'queued',
    }
    this.#storage.prepare()
    this.#storage.sql.exec(
      'INSERT INTO mqtt_queue (session, seq, stage, qos, bytes, expires_at, head, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      this.#session.id,
      entry.seq,
      entry.stage,
      entry.qos,
      entry.bytes,
      entry.expiresAt,
      head,
      payload,
    )
    this.#push(entry)
    this.#makeRoom(now)
    return entry.stage === 'sent' ? toPublish(entry, message, false) : undefined
  }

  /** A new connection: what was on its way goes again, then what waited. */
  resume(now: number): Outbound[] {
    // A QoS 2 message that went out may not expire. [MQTT-4.3.3-7]
    this.#remove(this.#entries.filter((entry) => entry.qos === 1 && isOver(entry.expiresAt, now)))
    const again = this.#entries.filter(({ stage }) => stage !== 'queued')
    return [...this.#read(again, now, true), ...this.next(now)]
  }

  /** What may go out now and did not yet. Marks it so in the session, which the caller saves. */
  next(now: number): Outbound[] {
    if (this.#waiting.length === 0) return []
    this.#remove(this.#waiting.filter((entry) => isOver(entry.expiresAt, now)))
    const going: Entry[] = []
    for (const entry of this.#waiting) {
      if (!this.#hasRoomFor(entry.bytes)) break
      entry.stage = 'sent'
      going.push(entry)
    }
    this.#session.sentTo = going.at(-1)?.seq ?? this.#session.sentTo
    return this.#read(going, now, false)
  }

  /** PUBREC: only its PUBREL is left to send. */
  received(ids: readonly number[]): void {
    const found = this.#entries.filter(({ seq, qos, stage }) => qos === 2 && stage === 'sent' && ids.includes(seq))
    if (found.length === 0) return
    for (const entry of found) entry.stage = 'received'
    this.#storage.sql.exec(
      `UPDATE mqtt_queue SET stage = 'received', head = '', payload = x''
        WHERE session = ? AND seq IN (SELECT value FROM json_each(?))`,
      this.#session.id,
      JSON.stringify(found.map(({ seq }) => seq)),
    )
  }

  settle(ids: readonly number[]): void {
    this.#remove(this.#entries.filter(({ seq }) => ids.includes(seq)))
  }

  clear(): void {
    if (this.#entries.length > 0) this.#storage.sql.exec('DELETE FROM mqtt_queue WHERE session = ?', this.#session.id)
    this.#entries = []
    this.#packetIds.clear()
    this.#bytes = 0
  }

  #push(entry: Entry): void {
    this.#entries.push(entry)
    this.#packetIds.add(packetIdOf(entry.seq))
    this.#bytes += entry.bytes
  }

  /** One at least is always allowed. */
  #hasRoomFor(bytes: number): boolean {
    const away = this.#entries.filter(({ stage }) => stage !== 'queued')
    if (away.length === 0) return true
    return away.length < this.#session.window && sizeOf(away) + bytes <= limits.mqttWindowBytes
  }

  /** What is over goes first, then the oldest. What is on its way stays: both sides know its packet id. */
  #makeRoom(now: number): void {
    const isFull = () => this.#entries.length > this.#session.maximumQueued || this.#bytes > limits.mqttQueuedBytes
    if (!isFull()) return
    this.#remove(this.#waiting.filter((entry) => isOver(entry.expiresAt, now)))
    while (isFull()) {
      const [oldest] = this.#waiting
      if (!oldest) return
      this.#remove([oldest])
      this.#session.dropped++
    }
  }

  #remove(gone: readonly Entry[]): void {
    if (gone.length === 0) return
    const seqs = new Set(gone.map(({ seq }) => seq))
    this.#entries = this.#entries.filter(({ seq }) => !seqs.has(seq))
    for (const { seq, bytes } of gone) {
      this.#packetIds.delete(packetIdOf(seq))
      this.#bytes -= bytes
    }
    this.#storage.sql.exec(
      'DELETE FROM mqtt_queue WHERE session = ? AND seq IN (SELECT value FROM json_each(?))',
      this.#session.id,
      JSON.stringify([...seqs]),
    )
  }

  #newSeq(now: number): number {
    const after = Math.max(this.#session.sentTo, this.#entries.at(-1)?.seq ?? 0)
    let seq = this.#sequence.next(now, after)
    while (this.#packetIds.has(packetIdOf(seq))) seq = this.#sequence.next(now, seq)
    return seq
  }

  #load(): Entry[] {
    if (!this.#storage.isReady) return []
    const { id, sentTo } = this.#session
    return this.#storage.sql
      .exec<EntryRow>('SELECT seq, stage, qos, bytes, expires_at FROM mqtt_queue WHERE session = ? ORDER BY seq', id)
      .toArray()
      .map(({ seq, stage, qos, bytes, expires_at }) => ({
        seq,
        qos,
        bytes,
        expiresAt: expires_at,
        stage: stage === 'queued' && seq <= sentTo ? 'sent' : stage,
      }))
  }

  #read(entries: readonly Entry[], now: number, isDup: boolean): Outbound[] {
    if (entries.length === 0) return []
    const rows = this.#storage.sql
      .exec<MessageRow>(
        `SELECT seq, head, payload FROM mqtt_queue
          WHERE session = ? AND seq IN (SELECT value FROM json_each(?)) ORDER BY seq`,
        this.#session.id,
        JSON.stringify(entries.map(({ seq }) => seq)),
      )
      .toArray()
    return rows.flatMap(({ seq, head, payload }) => {
      const entry = entries.find((it) => it.seq === seq)
      if (!entry) return []
      if (entry.stage === 'received') return [{ kind: 'pubrel' as const, id: seq, packetId: packetIdOf(seq) }]
      return [toPublish(entry, aged(unpack(head, payload), entry.expiresAt, now), isDup)]
    })
  }
}

function toPublish({ seq }: Entry, message: Copy, isDup: boolean): Outbound {
  return { kind: 'publish', id: seq, packetId: packetIdOf(seq), isDup, message }
}

const packetIdOf = (seq: number) => (seq % 0xffff) + 1

const sizeOf = (entries: readonly Entry[]) => entries.reduce((sum, { bytes }) => sum + bytes, 0)
