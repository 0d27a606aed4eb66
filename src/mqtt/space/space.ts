import { limits } from '../../domain/limits.ts'
import type {
  Closed,
  Closing,
  Delivery,
  Expired,
  Granted,
  Link,
  Opened,
  Opening,
  Published,
  SessionReport,
} from './calls.ts'
import { matches } from './match.ts'
import { type Copy, isOver, type Message, type Outbound, type QoS } from './message.ts'
import { type Retained, RetainedMessages, retainedMigrations } from './retained.ts'
import { queueMigrations, Sequence, SessionQueue } from './session-queue.ts'
import { type Session, SessionTable, sessionMigrations } from './session-table.ts'
import type { SpaceStorage } from './storage.ts'
import { copiesFor, type Filter, hasRoomFor, isSame, type Subscription } from './subscriptions.ts'
import { delayOf, willOnReopening } from './wills.ts'

export const spaceMigrations: readonly string[] = [...sessionMigrations, ...queueMigrations, ...retainedMigrations]

/**
 * What all MQTT clients of one device share: sessions, subscriptions, messages owed, retained ones. Synchronous, so
 * an eviction finds each call written whole or not at all. Whoever calls publishes the wills it is given.
 *
 * An eviction while sockets live must change nothing that a client could tell. So every session has its row, a clean
 * one too (one each for CONNECT, SUBSCRIBE, close), and so has each QoS 1 or 2 message to a session that outlives its
 * connection (one when it comes, one when the client has it; QoS 2 one more between). No row: QoS 0; and QoS 1 and 2
 * to a session that ends with its connection, for nothing may resend them [MQTT-4.4.0-1]. Counts of what was dropped
 * are written with the next change of their session; an eviction may forget some.
 */
export class TopicSpace {
  readonly #storage: SpaceStorage
  readonly #sessions: SessionTable
  readonly #retained: RetainedMessages
  readonly #queues = new Map<Session, SessionQueue>()
  readonly #sequence = new Sequence()

  constructor(storage: SpaceStorage) {
    this.#storage = storage
    this.#sessions = new SessionTable(storage)
    this.#retained = new RetainedMessages(storage)
  }

  open(opening: Opening): Opened | { readonly refused: 'quota_exceeded' } {
    const { clientId, connection, isClean, now } = opening
    const old = this.#sessions.get(clientId)
    if (!old && this.#sessions.size >= limits.mqttSessions && !this.#makeRoom()) return { refused: 'quota_exceeded' }
    const sessionPresent = old !== undefined && !isClean && old.expirySeconds > 0 && !isOver(old.endsAt, now)
    const takenOver = old?.connection
    const will = old && willOnReopening(old, sessionPresent, now)

    const session = old ?? this.#sessions.create(clientId)
    if (!sessionPresent) this.#empty(session)
    session.connection = connection
    session.expirySeconds = Math.min(opening.expirySeconds, limits.mqttSessionExpirySeconds)
    session.window = Math.min(opening.receiveMaximum ?? limits.mqttWindowMessages, limits.mqttWindowMessages)
    session.maximumQueued = Math.min(opening.maximumQueued ?? limits.mqttQueuedMessages, limits.mqttQueuedMessages)
    session.will = opening.will ?? null
    session.willAt = null
    session.endsAt = null
    const resume = this.#queue(session).resume(now)
    this.#sessions.save(session)
    return {
      sessionPresent,
      expirySeconds: session.expirySeconds,
      ...(typeof takenOver === 'string' && takenOver !== connection && { takenOver }),
      ...(will && { will }),
      resume,
      inbound: session.inbound,
    }
  }

  close(closing: Closing): Closed {
    const session = this.#current(closing)
    if (!session) return {}
    const { now, withWill } = closing
    const will = withWill ? session.will : null
    // One that was to end with its connection does, whatever the DISCONNECT says.
    if (session.expirySeconds > 0) session.expirySeconds = closing.expirySeconds ?? session.expirySeconds
    session.expirySeconds = Math.min(session.expirySeconds, limits.mqttSessionExpirySeconds)
    if (session.expirySeconds === 0) {
      this.#end(session)
      return will ? { will: will.message } : {}
    }
    session.connection = null
    session.endsAt = now + session.expirySeconds * 1000
    const isDelayed = will !== null && delayOf(will) > 0
    session.will = isDelayed ? will : null
    session.willAt = isDelayed ? Math.min(now + delayOf(will), session.endsAt) : null
    this.#sessions.save(session)
    if (session.willAt !== null) return { willAt: session.willAt }
    return will ? { will: will.message } : {}
  }

  /** Connections whose broker object was aborted: no handler told. */
  lost(connections: readonly string[], now: number): Message[] {
    const gone = this.connections().filter(({ connection }) => connections.includes(connection))
    return gone.flatMap((link) => this.close({ ...link, withWill: true, now }).will ?? [])
  }

  connections(): Link[] {
    return this.#sessions
      .all()
      .flatMap(({ clientId, connection }) => (connection === null ? [] : [{ clientId, connection }]))
  }

  sessions(): SessionReport[] {
    return this.#sessions.all().map((session) => ({
      clientId: session.clientId,
      isOnline: session.connection !== null,
      subscriptions: session.subscriptions.length,
      queued: this.#queue(session).length,
      dropped: session.dropped,
    }))
  }

  /** Undefined: the connection is not the open one. `standing`: retained messages that are not kept here. */
  subscribe(
    link: Link,
    wanted: readonly Subscription[],
    now: number,
    standing: readonly Message[] = [],
  ): Granted | undefined {
    const session = this.#current(link)
    if (!session) return undefined
    const before = session.subscriptions
    const codes: number[] = []
    const outbound: Outbound[] = []
    for (const subscription of wanted) {
      const known = session.subscriptions.find((it) => isSame(it, subscription))
      if (!known && !hasRoomFor(session.subscriptions, subscription.filter)) {
        codes.push(0x97)
        continue
      }
      if (JSON.stringify(known) !== JSON.stringify(subscription)) {
        session.subscriptions = [...session.subscriptions.filter((it) => it !== known), subscription]
      }
      codes.push(subscription.qos)
      outbound.push(...this.#retainedFor(session, subscription, known === undefined, standing, now))
    }
    if (session.subscriptions !== before) this.#sessions.save(session)
    return { codes, outbound }
  }

  /** UNSUBACK reason codes. */
  unsubscribe(link: Link, filters: readonly Filter[]): number[] | undefined {
    const session = this.#current(link)
    if (!session) return undefined
    const before = session.subscriptions
    const codes = filters.map((filter) => {
      const rest = session.subscriptions.filter((it) => !isSame(it, filter))
      if (rest.length === session.subscriptions.length) return 0x11
      session.subscriptions = rest
      return 0x00
    })
    if (session.subscriptions !== before) this.#sessions.save(session)
    return codes
  }

  /** `from`: the client that published it; none: the platform. */
  publish(message: Retained, now: number): Published {
    const isRetained = !message.retain || this.#retained.keep(message, now)
    return { deliveries: this.spread(message, now), isRetained }
  }

  /** One that is kept elsewhere if it is retained. `open`: those without a connection get nothing. */
  spread({ from, ...message }: Retained, now: number, audience: 'all' | 'open' = 'all'): Delivery[] {
    return this.#sessions.all().flatMap((session): Delivery[] => {
      const { clientId, connection } = session
      if (audience === 'open' && connection === null) return []
      const copies = isOver(session.endsAt, now) ? [] : copiesFor(session.subscriptions, message, from === clientId)
      const outbound = copies.flatMap((copy) => this.#send(session, copy, now) ?? [])
      return outbound.length > 0 && connection !== null ? [{ clientId, connection, outbound }] : []
    })
  }

  /** PUBREC, of messages with these ids: from now on their PUBREL is sent again, not they. */
  received({ clientId }: Link, ids: readonly number[]): void {
    const session = this.#sessions.get(clientId)
    if (session) this.#queue(session).received(ids)
  }

  /** PUBACK, PUBCOMP, or a PUBREC that refuses: the client is done with them. What may go out next. */
  settled({ clientId, connection }: Link, ids: readonly number[], now: number): Outbound[] {
    const session = this.#sessions.get(clientId)
    if (!session) return []
    const queue = this.#queue(session)
    queue.settle(ids)
    if (session.connection !== connection) return []
    const outbound = queue.next(now)
    if (outbound.length > 0) this.#sessions.save(session)
    return outbound
  }

  /** All QoS 2 messages from the client that await their PUBREL. A session that ends with its connection has no use for it. */
  awaitRelease(link: Link, packetIds: readonly number[]): void {
    const session = this.#current(link)
    if (!session || session.expirySeconds === 0) return
    session.inbound = packetIds
    this.#sessions.save(session)
  }

  /** When `expire` has something to do. Messages that are over are passed by when it is their turn. */
  nextDeadline(): number | undefined {
    const times = this.#sessions.all().flatMap(({ willAt, endsAt }) => [willAt ?? [], endsAt ?? []].flat())
    return times.length === 0 ? undefined : Math.min(...times)
  }

  expire(now: number): Expired {
    const wills: Message[] = []
    const ended: string[] = []
    for (const session of this.#sessions.all()) {
      const hasEnded = isOver(session.endsAt, now)
      const isWillDue = isOver(session.willAt, now)
      if (isWillDue && session.will) wills.push(session.will.message)
      if (hasEnded) {
        this.#end(session)
        ended.push(session.clientId)
      } else if (isWillDue) {
        session.will = session.willAt = null
        this.#sessions.save(session)
      }
    }
    return { wills, ended }
  }

  isCurrent(link: Link): boolean {
    return this.#current(link) !== undefined
  }

  #current({ clientId, connection }: Link): Session | undefined {
    const session = this.#sessions.get(clientId)
    return session?.connection === connection ? session : undefined
  }

  #queue(session: Session): SessionQueue {
    const queue = this.#queues.get(session) ?? new SessionQueue(this.#storage, session, this.#sequence)
    this.#queues.set(session, queue)
    return queue
  }

  #end(session: Session): void {
    this.#queue(session).clear()
    this.#queues.delete(session)
    this.#sessions.remove(session)
  }

  #makeRoom(): boolean {
    const idle = this.#sessions.oldestIdle((session) => this.#queue(session).length === 0)
    if (idle) this.#end(idle)
    return idle !== undefined
  }

  #empty(session: Session): void {
    this.#queue(session).clear()
    session.subscriptions = []
    session.inbound = []
    session.dropped = 0
  }

  /** One that resumed with messages owed goes on keeping until it has them: packet ids come from one place at a time. */
  #send(session: Session, copy: Copy, now: number): Outbound | undefined {
    const isKept = copy.qos > 0 && (session.expirySeconds > 0 || this.#queue(session).length > 0)
    if (isKept) return this.#queue(session).add(copy, now)
    if (session.connection !== null) return { kind: 'publish', isDup: false, message: copy }
    session.dropped++
    return undefined
  }

  #retainedFor(
    session: Session,
    subscription: Subscription,
    isNew: boolean,
    standing: readonly Retained[],
    now: number,
  ): Outbound[] {
    const { filter, spelling, qos, noLocal, retainHandling = 0, identifier } = subscription
    // [MQTT-3.3.1-9] to [MQTT-3.3.1-11]
    if (retainHandling === 2 || (retainHandling === 1 && !isNew)) return []
    const isWanted = (topic: string) => matches(filter, topic)
    return [...standing.filter(({ topic }) => isWanted(topic)), ...this.#retained.of(isWanted, now)]
      .filter(({ from }) => !(noLocal && from === session.clientId))
      .flatMap(({ from: _, ...message }) => {
        const copy: Copy = {
          ...message,
          qos: Math.min(message.qos, qos) as QoS,
          ...(identifier !== undefined && { identifiers: [identifier] }),
          ...(spelling !== undefined && { spelling }),
        }
        return this.#send(session, copy, now) ?? []
      })
  }
}
