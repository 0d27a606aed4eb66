import { DurableObject } from 'cloudflare:workers'
import { sleep } from '../domain/deadline.ts'
import type { DeviceId } from '../domain/ids.ts'
import { limits } from '../domain/limits.ts'
import { log } from '../log.ts'
import { reasons } from '../mqtt/reason-codes.ts'
import type { Delivery } from '../mqtt/space/calls.ts'
import { type Attachment, attachmentOf, BrokerSocket, type SocketHost } from './broker/broker-socket.ts'
import { ConnectionTable, type LostConnection } from './broker/connection-table.ts'
import { createHost } from './broker/host.ts'
import type { BrokerLink } from './broker/links.ts'
import { createPorts } from './broker/session-ports.ts'
import { Deadline } from './device/deadline.ts'
import { type BrokerSocketOpening, openingHeader, spaceStub } from './stubs.ts'

/**
 * MQTT sockets of one region and shard, hibernating. It holds what dies with a connection; sessions, wills and retained
 * messages are kept by the device's object, so which broker a client lands on never matters.
 */
export class MqttBroker extends DurableObject<Env> implements BrokerLink {
  readonly #table = new ConnectionTable(this.ctx.storage)
  readonly #deadline = new Deadline(this.ctx.storage)
  /** Those awake, by connection. */
  readonly #sockets = new Map<string, BrokerSocket>()
  readonly #bySocket = new WeakMap<WebSocket, BrokerSocket>()
  readonly #host = createHost(this.env, this.#table, (work) => this.ctx.waitUntil(work))
  readonly #socketHost: SocketHost = {
    table: this.#table,
    ports: (of) => createPorts(this.#host, of),
    arm: (at) => this.#arm(at),
    quiet: () => {
      this.#quiet ??= sleep(limits.brokerKeepMs).finally(() => {
        this.#quiet = undefined
      })
      return this.#quiet
    },
  }
  #quiet: Promise<void> | undefined
  /** When the alarm rings; unknown after a sleep. */
  #armedAt = Number.POSITIVE_INFINITY

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.waitUntil(this.#reportLost())
  }

  /** The door hands over a socket. */
  override async fetch(request: Request): Promise<Response> {
    const { name, address } = JSON.parse(request.headers.get(openingHeader) ?? '') as BrokerSocketOpening
    const { 0: client, 1: server } = new WebSocketPair()
    const now = Date.now()
    this.ctx.acceptWebSocket(server, [`${name}/${crypto.randomUUID()}`])
    server.serializeAttachment({ address, due: now + limits.mqttConnectMs } satisfies Attachment)
    this.#arm(now + limits.mqttConnectMs)
    // Small packets gain nothing from deflate, and each socket would pay for its state.
    const headers = { 'sec-websocket-protocol': 'mqtt', 'sec-websocket-extensions': '' }
    return new Response(null, { status: 101, webSocket: client, headers })
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void | Promise<void> {
    const now = Date.now()
    const own = this.#awake(socket, now)
    // [MQTT-6.0.0-1]
    if (typeof message === 'string') return own.kick(reasons.malformed, 'MQTT goes in binary frames.')
    const settled = own.receive(new Uint8Array(message), now)
    this.#relieve(own)
    return settled
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    await this.#gone(socket)
    socket.close() // without it the client's close is answered when the object hibernates, 10 s later (measured)
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#gone(socket)
  }

  /** Catches everything: the platform gives up on an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    const now = Date.now()
    this.#armedAt = Number.POSITIVE_INFINITY
    try {
      await this.#cutOffSilent(now)
      await this.#reportLost()
    } catch (error) {
      log('error', 'broker_alarm_failed', { error })
    }
    this.#rearm(now)
  }

  async deliver(deliveries: readonly Delivery[]): Promise<readonly string[]> {
    const now = Date.now()
    const gone = deliveries.filter(({ connection, outbound }) => {
      const own = this.#find(connection, now)
      if (own) this.ctx.waitUntil(own.deliver(outbound))
      // One that is closed and not done yet says itself how it left: it may have said DISCONNECT.
      return !own && !this.#sockets.has(connection) && !this.#table.isLeaving(connection)
    })
    return gone.map(({ connection }) => connection)
  }

  async kick(connections: readonly string[], reasonCode: number, detail: string): Promise<void> {
    const now = Date.now()
    for (const connection of connections) {
      const own = this.#find(connection, now)
      if (own) this.ctx.waitUntil(own.kick(reasonCode, detail))
    }
    if (reasonCode === reasons.takenOver) this.#table.remove(connections)
  }

  async recheck(connections: readonly string[]): Promise<void> {
    const now = Date.now()
    for (const connection of connections) {
      const own = this.#find(connection, now)
      own?.recheck()
      if (own) this.ctx.waitUntil(own.settled())
    }
  }

  #awake(socket: WebSocket, now: number): BrokerSocket {
    const known = this.#bySocket.get(socket)
    if (known) return known
    const [id = ''] = this.ctx.getTags(socket)
    const own = new BrokerSocket(id, socket, this.#socketHost, now)
    this.#sockets.set(id, own)
    this.#bySocket.set(socket, own)
    return own
  }

  #find(connection: string, now: number): BrokerSocket | undefined {
    const known = this.#sockets.get(connection)
    if (known) return known.isOpen ? known : undefined
    const [socket] = this.ctx.getWebSockets(connection)
    return socket?.readyState === WebSocket.OPEN ? this.#awake(socket, now) : undefined
  }

  async #gone(socket: WebSocket): Promise<void> {
    const own = this.#awake(socket, Date.now())
    await own.lost()
    this.#sockets.delete(own.id)
  }

  async #cutOffSilent(now: number): Promise<void> {
    const silent = this.ctx.getWebSockets().filter((socket) => (this.#dueOf(socket) ?? now + 1) <= now)
    await Promise.all(silent.map((socket) => this.#awake(socket, now).tick(now)))
  }

  #dueOf(socket: WebSocket): number | undefined {
    const [id = ''] = this.ctx.getTags(socket)
    const own = this.#sockets.get(id)
    return own ? own.due : attachmentOf(socket).due
  }

  /** What an abort took, and whose device's object could not be reached when it went. */
  async #reportLost(): Promise<void> {
    const open = new Set(this.ctx.getWebSockets().flatMap((socket) => this.ctx.getTags(socket)))
    for (const id of this.#sockets.keys()) open.add(id)
    await Promise.all([...this.#table.lost(open)].map(([deviceId, lost]) => this.#reportTo(deviceId, lost)))
  }

  async #reportTo(deviceId: DeviceId, lost: readonly LostConnection[]): Promise<void> {
    try {
      const space = spaceStub(this.env, deviceId)
      for (const { left } of lost) if (left) await space.mqttClose(left.link, left.how)
      const silent = lost.filter(({ left }) => !left).map(({ id }) => id)
      if (silent.length > 0) await space.mqttLost(silent)
      this.#table.remove(lost.map(({ id }) => id))
    } catch (error) {
      log('warn', 'mqtt_lost_not_reported', { device_id: deviceId, error })
      this.#arm(Date.now() + limits.brokerSweepMs)
    }
  }

  /** At most one alarm a second, and none without sockets. */
  #rearm(now: number): void {
    const sockets = this.ctx.getWebSockets()
    if (sockets.length === 0) return
    const dues = sockets.map((socket) => this.#dueOf(socket) ?? Number.POSITIVE_INFINITY)
    const earliest = dues.reduce((a, b) => Math.min(a, b), now + limits.brokerSweepMs)
    this.#arm(Math.max(earliest, now + 1000))
  }

  #arm(at: number): void {
    if (at >= this.#armedAt) return
    this.#armedAt = at
    this.ctx.waitUntil(this.#deadline.arm(at))
  }

  /** Too much unacknowledged in the object: the worst socket goes. */
  #relieve(last: BrokerSocket): void {
    if (last.unanswered < limits.brokerBacklogBytes / this.#sockets.size) return
    let sum = 0
    let worst = last
    for (const own of this.#sockets.values()) {
      sum += own.unanswered
      if (own.unanswered > worst.unanswered) worst = own
    }
    if (sum <= limits.brokerBacklogBytes) return
    void worst.kick(reasons.quotaExceeded, 'The service holds too much that is not acknowledged; try again later.')
  }
}
