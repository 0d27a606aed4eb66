import { AppError } from '../../domain/errors.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import type { Leaving, Outcome, OwnFilter, Wanted } from '../../mqtt/connection/ports.ts'
import { reasons } from '../../mqtt/reason-codes.ts'
import type { Granted, Link, Opened, Opening } from '../../mqtt/space/calls.ts'
import type { Message } from '../../mqtt/space/message.ts'
import { spaceMigrations, TopicSpace } from '../../mqtt/space/space.ts'
import { matches } from '../../mqtt/topics.ts'
import type { BrokerOutbox } from './broker-outbox.ts'
import { DueWills, type WillRepeat } from './mqtt-wills.ts'
import type { DeviceStorage } from './storage.ts'

export const mqttMigrations = [
  ...spaceMigrations,
  'CREATE TABLE mqtt_device (id INTEGER PRIMARY KEY CHECK (id = 1), device TEXT NOT NULL) STRICT',
]

export const sharedTopic = 'me/attributes/shared'

export interface SpaceHost {
  readonly outbox: BrokerOutbox
  opened(device: DeviceIdentity, way: string): void
  closed(way: string, why: string): void
  /** Subscribed to what the platform sends: what waits for a way goes out. */
  listens(): void
  /** Of a client that went without a word; it is taken as if the client had published it now. */
  takeWill(device: DeviceIdentity, will: Message, repeat: WillRepeat): Promise<Outcome>
  /** All shared attributes, as the message that a subscriber finds. */
  snapshot(device: DeviceIdentity): Promise<Message>
  /** The object's alarm must ring by then. */
  arm(at: number): void
  /** Goes on after the event. */
  background(work: Promise<unknown>): void
  now(): number
}

/** The topic space of the device, with what follows from each step in it. */
export class MqttSpace {
  readonly #storage: DeviceStorage
  readonly #host: SpaceHost
  readonly #space: TopicSpace
  readonly #wills: DueWills

  constructor(storage: DeviceStorage, host: SpaceHost) {
    this.#storage = storage
    this.#host = host
    this.#space = new TopicSpace(storage)
    this.#wills = new DueWills(storage, {
      ...host,
      take: async (will, repeat) => {
        const device = this.#device()
        return device ? host.takeWill(device, will, repeat) : 'done'
      },
    })
  }

  /** @throws AppError quota_exceeded */
  open(device: DeviceIdentity, opening: Omit<Opening, 'now'>): Opened {
    const opened = this.#space.open({ ...opening, now: this.#host.now() })
    if ('refused' in opened) {
      const detail = 'The device has too many MQTT sessions; clients that come once connect with a clean session.'
      throw new AppError('quota_exceeded', { detail, retryAfter: 60 })
    }
    const { takenOver, will } = opened
    this.#remember(device)
    if (takenOver !== undefined) {
      this.#host.outbox.kick([takenOver], reasons.takenOver, 'Another connection uses this client id.')
      this.#host.closed(wayOf(takenOver), 'Another connection took its client id over.')
    }
    if (will) this.#wills.publish(will)
    this.#host.opened(device, wayOf(opening.connection))
    this.#arm()
    return opened
  }

  close(link: Link, { withWill, expirySeconds, why }: Leaving): void {
    const isOpen = this.connections().includes(link.connection)
    const expiry = expirySeconds === undefined ? {} : { expirySeconds }
    const { will } = this.#space.close({ ...link, withWill, ...expiry, now: this.#host.now() })
    if (isOpen) this.#left([link.connection], why, will ? [will] : [])
  }

  /** Their broker was cut short, or has them no more. */
  lost(connections: readonly string[]): void {
    const open = this.connections().filter((connection) => connections.includes(connection))
    if (open.length === 0) return
    this.#left(open, 'The connection broke.', this.#space.lost(open, this.#host.now()))
  }

  async subscribe(device: DeviceIdentity, link: Link, filters: readonly Wanted[]): Promise<Granted | undefined> {
    if (!this.isCurrent(link)) return undefined
    const takesShared = filters.some(({ filter }) => matches(filter, sharedTopic))
    const snapshot = takesShared ? await this.#host.snapshot(device) : undefined
    // Who asks for more than this topic is not told of attributes that nobody set.
    const isWanted = snapshot && (snapshot.payload.length > 2 || filters.some(({ filter }) => filter === sharedTopic))
    const standing = isWanted ? [snapshot] : []
    // What is told of changes from here on goes behind this answer: the connection holds it back until then.
    const granted = this.#space.subscribe(link, filters, this.#host.now(), standing)
    if (granted && filters.some(isForDownlinks)) this.#host.listens()
    return granted
  }

  unsubscribe(link: Link, filters: readonly OwnFilter[]): readonly number[] | undefined {
    return this.#space.unsubscribe(link, filters)
  }

  received(link: Link, ids: readonly number[]): void {
    this.#space.received(link, ids)
  }

  settled(link: Link, ids: readonly number[]): void {
    const outbound = this.#space.settled(link, ids, this.#host.now())
    if (outbound.length > 0) this.#host.outbox.deliver([{ ...link, outbound }])
  }

  awaitRelease(link: Link, packetIds: readonly number[]): void {
    this.#space.awaitRelease(link, packetIds)
  }

  /** False: it was to be retained, and there was no room. */
  publish(message: Message, from?: string): boolean {
    const sent = { ...message, ...(from !== undefined && { from }) }
    const { deliveries, isRetained } = this.#space.publish(sent, this.#host.now())
    this.#host.outbox.deliver(deliveries)
    return isRetained
  }

  /**
   * Of the platform, which keeps for itself what of it is retained. `all`: sessions that are away find it, too. The
   * way by which it went to those who are there, if anybody wants it.
   */
  spread(message: Message, audience: 'all' | 'open'): string | undefined {
    const deliveries = this.#space.spread(message, this.#host.now(), audience)
    this.#host.outbox.deliver(deliveries)
    const newest = deliveries.at(-1)
    return newest && wayOf(newest.connection)
  }

  /** Whether the client's session is this connection's, and not that of one that took it over. */
  isCurrent(link: Link): boolean {
    return this.#storage.isReady && this.#space.isCurrent(link)
  }

  connections(): string[] {
    if (!this.#storage.isReady) return []
    return this.#space.connections().map(({ connection }) => connection)
  }

  /** The alarm rang. */
  expire(): void {
    if (!this.#storage.isReady) return
    const { wills } = this.#space.expire(this.#host.now())
    for (const will of wills) this.#wills.publish(will)
    this.#wills.retry()
    this.#arm()
  }

  recheck(): void {
    this.#host.outbox.recheck(this.connections())
  }

  closeAll(): void {
    const open = this.connections()
    this.#host.outbox.kick(open, reasons.notAuthorized, 'The device token is not valid any more.')
    // Should the word not arrive: what they say is theirs no more, and they are told nothing.
    this.#left(open, 'The device token was changed.', this.#space.lost(open, this.#host.now()))
  }

  /** The device was deleted, and nothing is said or kept any more. */
  end(): void {
    this.#host.outbox.kick(this.connections(), reasons.notAuthorized, 'The device was deleted.')
  }

  #left(connections: readonly string[], why: string, wills: readonly Message[]): void {
    for (const will of wills) this.#wills.publish(will)
    for (const connection of connections) this.#host.closed(wayOf(connection), why)
    this.#arm()
  }

  #arm(): void {
    const due = this.#space.nextDeadline()
    if (due !== undefined) this.#host.arm(due)
  }

  /** Whose wills they are, for when nobody speaks. */
  #remember(device: DeviceIdentity): void {
    this.#storage.prepare()
    this.#storage.sql.exec(
      'INSERT INTO mqtt_device (id, device) VALUES (1, ?1) ON CONFLICT DO UPDATE SET device = ?1 WHERE device <> ?1',
      JSON.stringify(device),
    )
  }

  #device(): DeviceIdentity | undefined {
    if (!this.#storage.isReady) return undefined
    const [row] = this.#storage.sql.exec<{ device: string }>('SELECT device FROM mqtt_device').toArray()
    return row && (JSON.parse(row.device) as DeviceIdentity)
  }
}

/** As commands and events name it. */
export function wayOf(connection: string): string {
  return `mqtt:${connection}`
}

const downlinkTopics = ['me/rpc/request/1', 'me/commands', 'v1/gateway/rpc', 'v1/gateway/attributes']

function isForDownlinks({ filter }: Wanted): boolean {
  return downlinkTopics.some((topic) => matches(filter, topic))
}
