import { AppError } from '../../domain/errors.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import type { Leaving, OwnFilter, Wanted } from '../../mqtt/connection/ports.ts'
import { reasons } from '../../mqtt/reason-codes.ts'
import type { Granted, Link, Opened, Opening } from '../../mqtt/space/calls.ts'
import type { Message } from '../../mqtt/space/message.ts'
import { spaceMigrations, TopicSpace } from '../../mqtt/space/space.ts'
import { matches } from '../../mqtt/topics.ts'
import type { BrokerOutbox } from './broker-outbox.ts'
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
  publishWill(device: DeviceIdentity, will: Message): void
  /** All shared attributes, as the message that a subscriber finds. */
  snapshot(device: DeviceIdentity): Promise<Message>
  /** The object's alarm must ring by then. */
  arm(at: number): void
  now(): number
}

/** The topic space of the device, with what follows from each step in it. */
export class MqttSpace {
  readonly #storage: DeviceStorage
  readonly #host: SpaceHost
  readonly #space: TopicSpace

  constructor(storage: DeviceStorage, host: SpaceHost) {
    this.#storage = storage
    this.#host = host
    this.#space = new TopicSpace(storage)
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
    if (will) this.#host.publishWill(device, will)
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
    return this.#publish({ ...message, ...(from !== undefined && { from }) }, 'all').isRetained
  }

  /** Kept for sessions that are away, too. The way by which it went to those who are there, if anybody wants it. */
  spread(message: Message): string | undefined {
    return this.#publish(message, 'all').way
  }

  /** To those who are there, and to nobody later. */
  tell(message: Message): string | undefined {
    return this.#publish(message, 'open').way
  }

  #publish(message: Message & { readonly from?: string }, audience: 'all' | 'open') {
    const { deliveries, isRetained } = this.#space.publish(message, this.#host.now(), audience)
    this.#host.outbox.deliver(deliveries)
    const newest = deliveries.at(-1)
    return { isRetained, way: newest && wayOf(newest.connection) }
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
    const device = this.#device()
    const { wills } = this.#space.expire(this.#host.now())
    if (device) for (const will of wills) this.#host.publishWill(device, will)
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

  #left(connections: readonly string[], why: string, wills: readonly Message[]): void {
    const device = this.#device()
    if (device) for (const will of wills) this.#host.publishWill(device, will)
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
