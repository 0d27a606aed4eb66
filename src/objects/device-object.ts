import { DurableObject } from 'cloudflare:workers'
import type { Alarm, AlarmAct } from '../domain/alarm/alarm.ts'
import type { Attribute, AttributeChanges, AttributeScope } from '../domain/attribute.ts'
import type { Command, CommandAnswer, CommandRequest, CommandStatus } from '../domain/command.ts'
import { withDeadline } from '../domain/deadline.ts'
import { AppError, type Fault, toFault } from '../domain/errors.ts'
import type { DeviceEvent, NewDeviceEvent } from '../domain/events.ts'
import type { DeviceId } from '../domain/ids.ts'
import { limits } from '../domain/limits.ts'
import type { LiveEvent } from '../domain/live.ts'
import type { DownlinkNews } from '../domain/network-route.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { Frame, FrameCopy } from '../domain/report.ts'
import type { TelemetryValues, TimedValue } from '../domain/telemetry.ts'
import { log } from '../log.ts'
import type { Leaving, Outcome, OwnFilter, Wanted } from '../mqtt/connection/ports.ts'
import type { Granted, Link, Opening } from '../mqtt/space/calls.ts'
import type { Message } from '../mqtt/space/message.ts'
import type { DeviceLink, Downlink, Observation, Presence, SocketOpening } from '../services/ports.ts'
import { toAppError } from '../services/to-app-error.ts'
import { openTelemetryStore } from '../store/telemetry-store.ts'
import type { SpaceLink, SpaceOpened } from './broker/links.ts'
import { isDeviceSocket } from './device/device-sockets.ts'
import { readHistory } from './device/live-history.ts'
import { furnish } from './device/parts.ts'
import { openingHeader } from './stubs.ts'

/**
 * One per device, named by its id: its sockets, latest values, attributes, commands, events, and those who
 * watch it. Any of it outlives an eviction: in D1, in this object's SQLite, or in a socket's attachment.
 */
export class DeviceObject extends DurableObject<Env> implements DeviceLink, SpaceLink {
  #parts = this.#furnish()
  /** Counts changes of the token: a socket that was being opened meanwhile asks again whose it is. */
  #tokenChanges = 0

  #furnish() {
    return furnish(this.ctx, () => this.env, this)
  }

  /** Idempotent: a repeated reading has the same ts and values. */
  async observe({ device, receivedAt, readings, frames = [], route }: Observation): Promise<void> {
    const { state, live } = this.#parts
    const values = readings ? (JSON.parse(readings.json) as TelemetryValues[]) : []
    const seen = values.map((own, i) => ({ ts: readings?.times[i] as number, values: own }))
    this.#parts.frames.add(frames)
    // What waits for the device to be known there goes out.
    if (route && this.#parts.network.note(route)) this.ctx.waitUntil(this.#parts.commands.resume())
    const isHidden = state.observe(seen, receivedAt, device.inactivityTimeoutMs)
    live.emit(
      seen.map((reading): LiveEvent => ({ type: 'telemetry', ...reading })),
      receivedAt,
    )
    await this.#parts.alarms.observe(device, seen, receivedAt)
    if (isHidden) await state.save(device, receivedAt)
    else if (state.isDue(receivedAt, device.inactivityTimeoutMs)) this.ctx.waitUntil(state.save(device, receivedAt))
  }

  async latest(device: DeviceIdentity): Promise<{ lastSeen: number | null; values: [string, TimedValue][] }> {
    const latest = await this.#parts.state.latest(device, Date.now())
    return { lastSeen: this.#parts.state.lastSeen, values: latest.entries() }
  }

  async recordEvents(events: readonly NewDeviceEvent[]): Promise<void> {
    this.#parts.record(events)
  }

  async events(before: number | undefined, count: number): Promise<DeviceEvent[]> {
    return this.#parts.events.list(before, count)
  }

  async saveAttributes(
    device: DeviceIdentity,
    scope: AttributeScope,
    changes: AttributeChanges,
    by: 'app' | 'device',
  ): Promise<Fault | undefined> {
    if (by === 'device') this.#parts.heard(device)
    return (await orFault(() => this.#parts.attributes.save(device, scope, changes))) ?? undefined
  }

  attributes(device: DeviceIdentity, scopes: readonly AttributeScope[], by: 'app' | 'device'): Promise<Attribute[]> {
    if (by === 'device') this.#parts.heard(device)
    return this.#parts.attributes.read(device, scopes)
  }

  sendCommand(device: DeviceIdentity, command: Command, waitMs: number): Promise<CommandStatus | Fault> {
    return orFault(() => this.#parts.commands.send(device, command, waitMs))
  }

  async cancelCommand(_device: DeviceIdentity, id: string): Promise<CommandStatus | undefined> {
    const status = this.#parts.commands.cancel(id)
    await this.#parts.commands.flush()
    return status
  }

  takeCommands(device: DeviceIdentity, waitMs: number, most: number): Promise<CommandRequest[]> {
    this.#parts.heard(device)
    return this.#parts.commands.take(waitMs, most)
  }

  async answerCommand(device: DeviceIdentity, answer: CommandAnswer): Promise<boolean> {
    this.#parts.heard(device)
    const isTaken = this.#parts.commands.answer(answer)
    await this.#parts.commands.flush()
    return isTaken
  }

  async claimFrame(frame: Frame, copy: FrameCopy): Promise<boolean> {
    return this.#parts.frames.claim(frame, copy)
  }

  downlinksHeard(news: readonly DownlinkNews[]): Promise<void> {
    return this.#parts.commands.heard(news)
  }

  actOnAlarm(alarmId: string, act: AlarmAct): Promise<Alarm | undefined> {
    return this.#parts.alarms.act(alarmId, act)
  }

  async reviseRules(device: DeviceIdentity): Promise<void> {
    await this.#parts.alarms.revise(device)
  }

  async gatewayChanged(way: string, state: 'open' | 'closed'): Promise<void> {
    if (state === 'open') await this.#parts.commands.resume()
    else await this.#parts.commands.wayClosed(way)
  }

  async forgetChild(child: DeviceId): Promise<void> {
    this.#parts.ways.forgetChild(child)
  }

  async tellChild(child: DeviceId, messages: readonly Downlink[]): Promise<string | undefined> {
    return this.#parts.ways.tellChild(child, messages)
  }

  async presence(): Promise<Presence> {
    const { sockets, mqtt, commands, state, frames } = this.#parts
    const isOpen = sockets.ways().length > 0 || mqtt.space.connections().length > 0
    return { connected: isOpen || commands.isPolled, lastSeen: state.lastSeen, packetLoss: frames.loss() }
  }

  mqttOpen(token: string, deviceId: DeviceId, opening: Omit<Opening, 'now'>): Promise<SpaceOpened | Fault> {
    return orFault(async () => {
      const device = await this.#ownToken(token, deviceId)
      this.#parts.heard(device)
      return { ...this.#parts.mqtt.space.open(device, opening), device }
    })
  }

  async mqttPublish(device: DeviceIdentity, link: Link, messages: readonly Message[]): Promise<readonly Outcome[]> {
    if (!this.#parts.mqtt.space.isCurrent(link)) {
      const detail = 'This connection has no session any more.'
      return messages.map(() => ({ passing: { code: 'unavailable', detail } }))
    }
    const outcomes: Outcome[] = []
    for (const message of messages) outcomes.push(await this.#parts.mqtt.take(device, message, link.clientId))
    return outcomes
  }

  mqttSubscribe(device: DeviceIdentity, link: Link, filters: readonly Wanted[]): Promise<Granted | undefined> {
    return this.#parts.mqtt.space.subscribe(device, link, filters)
  }

  async mqttUnsubscribe(link: Link, filters: readonly OwnFilter[]): Promise<readonly number[] | undefined> {
    return this.#parts.mqtt.space.unsubscribe(link, filters)
  }

  async mqttReceived(link: Link, ids: readonly number[]): Promise<void> {
    this.#parts.mqtt.space.received(link, ids)
  }

  async mqttSettled(link: Link, ids: readonly number[], receipts: readonly string[] = []): Promise<void> {
    this.#parts.mqtt.space.settled(link, ids)
    this.#parts.commands.delivered(receipts)
  }

  async mqttAwaitRelease(link: Link, packetIds: readonly number[]): Promise<void> {
    this.#parts.mqtt.space.awaitRelease(link, packetIds)
  }

  async mqttClose(link: Link, how: Leaving): Promise<void> {
    this.#parts.mqtt.space.close(link, how)
  }

  async mqttLost(connections: readonly string[]): Promise<void> {
    this.#parts.mqtt.space.lost(connections)
  }

  async refresh(change: 'token' | 'fields'): Promise<void> {
    this.#tokenChanges++
    const { sockets, mqtt } = this.#parts
    if (change === 'token') {
      sockets.closeAll()
      return mqtt.space.closeAll()
    }
    sockets.recheck()
    mqtt.space.recheck()
    this.ctx.waitUntil(this.#parts.commands.resume()) // a child may have another gateway now
  }

  async erase(): Promise<void> {
    this.#tokenChanges++
    this.#parts.sockets.closeAll()
    this.#parts.mqtt.space.end()
    for (const socket of this.ctx.getWebSockets()) socket.close(1008, 'The device was deleted.')
    await this.#parts.storage.erase()
    this.#parts = this.#furnish()
  }

  /** A door hands over a socket; what cannot be opened is answered as a Fault. */
  override async fetch(request: Request): Promise<Response> {
    try {
      const opening = JSON.parse(request.headers.get(openingHeader) ?? '') as SocketOpening
      const webSocket = opening.kind === 'device' ? await this.#openDevice(opening) : await this.#openLive(opening)
      // Small frames gain nothing from deflate, and each socket would pay for its state.
      return new Response(null, { status: 101, webSocket, headers: { 'sec-websocket-extensions': '' } })
    } catch (thrown) {
      return Response.json(toFault(toAppError(thrown)), { status: 503 })
    }
  }

  async #openDevice({ token, deviceId }: Extract<SocketOpening, { kind: 'device' }>): Promise<WebSocket> {
    return this.#parts.ways.open(await this.#ownToken(token, deviceId), Date.now())
  }

  /** @throws AppError unauthenticated */
  async #ownToken(token: string, deviceId: DeviceId): Promise<DeviceIdentity> {
    for (;;) {
      const changes = this.#tokenChanges
      const device = await withDeadline(this.#parts.findByToken(token), limits.d1TimeoutMs)
      if (changes !== this.#tokenChanges) continue
      if (device?.deviceId === deviceId) return device
      throw new AppError('unauthenticated', { detail: 'Invalid device token.' })
    }
  }

  #openLive({ device, ...opening }: Extract<SocketOpening, { kind: 'live' }>): Promise<WebSocket> {
    const { live } = this.#parts
    if (live.isFull) {
      const detail = `At most ${limits.liveSockets} may watch a device at once.`
      throw new AppError('unavailable', { detail, retryAfter: 30 })
    }
    const history = () => readHistory(openTelemetryStore(this.env), device, opening, Date.now())
    return live.open(opening, () => withDeadline(history(), limits.d1TimeoutMs))
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (isDeviceSocket(socket)) await this.#parts.sockets.received(socket, message)
    else this.#parts.live.received(socket, message)
  }

  override async webSocketClose(socket: WebSocket, code: number, reason: string): Promise<void> {
    this.#closed(socket, `Closed (${code}${reason && `, ${reason}`}).`)
    socket.close() // without it the client's close is answered when the object hibernates, 10 s later (measured)
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    this.#closed(socket, 'The connection broke.')
  }

  /** Catches everything: the platform gives up on an alarm that keeps failing. What fails holds up nothing else. */
  override async alarm(): Promise<void> {
    const { mqtt, commands, alarms, deadline } = this.#parts
    for (const work of [() => mqtt.space.expire(), () => commands.expire(), () => alarms.ring()]) {
      try {
        await work()
      } catch (error) {
        log('error', 'alarm_failed', { error })
        await deadline.arm(Date.now() + limits.alarmRetryMs)
      }
    }
  }

  #closed(socket: WebSocket, reason: string): void {
    const { sockets, ways, live } = this.#parts
    if (isDeviceSocket(socket)) ways.close(sockets.wayOf(socket), reason)
    else live.left(socket, Date.now())
  }
}

/** An AppError does not cross RPC; as plain data it does. */
async function orFault<T>(work: () => Promise<T>): Promise<T | Fault> {
  try {
    return await work()
  } catch (thrown) {
    return toFault(toAppError(thrown))
  }
}
