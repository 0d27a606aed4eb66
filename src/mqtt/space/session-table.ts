import { toBase64 } from '../../codec/base64.ts'
import { fromBase64, pack, unpack, type Will } from './message.ts'
import type { SpaceStorage } from './storage.ts'
import type { Subscription } from './subscriptions.ts'

export const sessionMigrations = [
  // No index: there are few, and a written index row costs as much as the row.
  'CREATE TABLE mqtt_sessions (id INTEGER PRIMARY KEY, client_id TEXT NOT NULL, state TEXT NOT NULL) STRICT',
]

interface SessionState {
  /** The open one. */
  connection: string | null
  /** How long it outlives its connection; 0: not at all. */
  expirySeconds: number
  /** How many QoS 1 and 2 messages may be on their way to the client at once. */
  window: number
  maximumQueued: number
  subscriptions: readonly Subscription[]
  will: Will | null
  /** Of a session without a connection. */
  willAt: number | null
  endsAt: number | null
  /** Kept messages up to this one went out at some time. */
  sentTo: number
  /** Packet ids of QoS 2 messages from the client that await their PUBREL. */
  inbound: readonly number[]
  /** Messages it never got. Written with the next change: an eviction may forget some. */
  dropped: number
}

export interface Session extends SessionState {
  readonly id: number
  readonly clientId: string
}

const blank: SessionState = {
  connection: null,
  expirySeconds: 0,
  window: 1,
  maximumQueued: 1,
  subscriptions: [],
  will: null,
  willAt: null,
  endsAt: null,
  sentTo: 0,
  inbound: [],
  dropped: 0,
}

type Row = { id: number; client_id: string; state: string }

/** A device's sessions: few, so all of them in memory, and every change written as one row. */
export class SessionTable {
  readonly #storage: SpaceStorage
  #sessions: Map<string, Session> | undefined

  constructor(storage: SpaceStorage) {
    this.#storage = storage
  }

  get #all(): Map<string, Session> {
    this.#sessions ??= new Map(this.#load().map((session) => [session.clientId, session]))
    return this.#sessions
  }

  get size(): number {
    return this.#all.size
  }

  get(clientId: string): Session | undefined {
    return this.#all.get(clientId)
  }

  /** A list of its own: sessions may end while it is walked. */
  all(): Session[] {
    return [...this.#all.values()]
  }

  /** The one that ends first of those that nobody would miss: clients with random ids never come again. */
  oldestIdle(isEmpty: (session: Session) => boolean): Session | undefined {
    const idle = this.all().filter((session) => {
      const { connection, will, subscriptions } = session
      return connection === null && !will && subscriptions.every(({ qos }) => qos === 0) && isEmpty(session)
    })
    return idle.sort((a, b) => (a.endsAt ?? 0) - (b.endsAt ?? 0))[0]
  }

  /** One that `save` makes last. A number comes again after its session has gone, with all that was kept for it. */
  create(clientId: string): Session {
    const id = Math.max(0, ...this.all().map((session) => session.id)) + 1
    const session = { id, clientId, ...blank }
    this.#all.set(clientId, session)
    return session
  }

  save({ id, clientId, ...state }: Session): void {
    const will = state.will && packWill(state.will)
    this.#storage.prepare()
    this.#storage.sql.exec(
      `INSERT INTO mqtt_sessions (id, client_id, state) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state`,
      id,
      clientId,
      JSON.stringify({ ...state, will }),
    )
  }

  remove({ id, clientId }: Session): void {
    this.#all.delete(clientId)
    this.#storage.sql.exec('DELETE FROM mqtt_sessions WHERE id = ?', id)
  }

  #load(): Session[] {
    if (!this.#storage.isReady) return []
    return this.#storage.sql
      .exec<Row>('SELECT id, client_id, state FROM mqtt_sessions ORDER BY id')
      .toArray()
      .map(({ id, client_id, state }) => {
        const { will, ...rest } = JSON.parse(state)
        return { ...rest, will: will && unpackWill(will), id, clientId: client_id }
      })
  }
}

type PackedWill = { head: string; payload: string; delaySeconds?: number }

function packWill({ message, ...rest }: Will): PackedWill {
  const { head, payload } = pack(message)
  return { head, payload: toBase64(payload), ...rest }
}

function unpackWill({ head, payload, ...rest }: PackedWill): Will {
  return { message: unpack(head, fromBase64(payload)), ...rest }
}
