import type { AttributeChanges } from '../../domain/attribute.ts'
import { withDeadline } from '../../domain/deadline.ts'
import { sharedAttributesCommand } from '../../domain/downlink.ts'
import { AppError } from '../../domain/errors.ts'
import type { NewDeviceEvent } from '../../domain/events.ts'
import { limits } from '../../domain/limits.ts'
import type { NetworkRoute } from '../../domain/network-route.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { outgoingPowers } from '../../env.ts'
import type { PipelineContext } from '../../pipeline/context.ts'
import { resolveChildren } from '../../services/devices/token-cache.ts'
import { handToNetwork } from '../../services/downlinks/hand-to-network.ts'
import type { DeviceLink, Downlink, Platform } from '../../services/ports.ts'
import { countMessage, countUplink } from '../../services/rate-gate.ts'
import { loadAttributes, writeAttributes } from '../../store/attributes.ts'
import { upsertCommands } from '../../store/commands.ts'
import { findDeviceIdentities, findIdentityByToken } from '../../store/device-identity.ts'
import { loadDeviceState } from '../../store/device-state.ts'
import { openRegistry } from '../../store/registry.ts'
import { openTelemetryStore } from '../../store/telemetry-store.ts'
import { createPlatform, laneStub } from '../stubs.ts'
import { furnishAlarms } from './alarm-parts.ts'
import { alarmMigrations } from './alarm-store.ts'
import { AttributeBook } from './attribute-book.ts'
import { CommandDesk } from './command-desk.ts'
import { CommandQueue, commandMarkMigration, commandMigrations } from './command-queue.ts'
import { toRecord, toStatus } from './command-row.ts'
import { Deadline } from './deadline.ts'
import { DeviceSockets } from './device-sockets.ts'
import { DeviceWays } from './device-ways.ts'
import { EventLog } from './event-log.ts'
import { FrameLog, frameCopyMigration, frameMigration } from './frame-log.ts'
import { LiveLog, liveMigrations } from './live-log.ts'
import { LiveSockets } from './live-sockets.ts'
import { furnishMqtt, mqttChildrenMigration } from './mqtt-parts.ts'
import { mqttMigrations } from './mqtt-space.ts'
import { willMigration } from './mqtt-wills.ts'
import { NetworkLink, networkMigration } from './network-link.ts'
import { markMigration, readMark, writeMark } from './saved-mark.ts'
import { createSessionPorts } from './session-ports.ts'
import { StateKeeper } from './state-keeper.ts'
import { DeviceStorage } from './storage.ts'

/** Numbered: append only. */
const migrations = [
  'CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL) STRICT',
  markMigration,
  ...liveMigrations,
  ...commandMigrations,
  'CREATE TABLE connections (way TEXT PRIMARY KEY, at INTEGER NOT NULL, device TEXT NOT NULL) STRICT, WITHOUT ROWID',
  'CREATE TABLE children (device_id TEXT PRIMARY KEY, device TEXT NOT NULL) STRICT, WITHOUT ROWID',
  'ALTER TABLE children DROP COLUMN device',
  'ALTER TABLE connections DROP COLUMN device',
  ...mqttMigrations,
  mqttChildrenMigration,
  frameMigration,
  commandMarkMigration,
  frameCopyMigration,
  networkMigration,
  ...alarmMigrations,
  willMigration,
]

/**
 * Everything a device's object is made of, wired. `self` answers for the device without a call to itself;
 * `telemetryEnv` is asked each time, since tests replace the databases of a living object.
 */
export function furnish(ctx: DurableObjectState, telemetryEnv: () => Env, self: DeviceLink) {
  const env = telemetryEnv()
  const registry = openRegistry(env.DB)
  const others = createPlatform(env)
  const isSelf = (deviceId: string) => env.DEVICE_OBJECT.idFromName(deviceId).equals(ctx.id)
  const platform: Platform = {
    ...others,
    device: (deviceId) => (isSelf(deviceId) ? self : others.device(deviceId)),
  }
  const storage = new DeviceStorage(ctx.storage, migrations)
  const events = new EventLog(storage)
  const frames = new FrameLog(storage)
  const network = new NetworkLink(storage)
  const live = new LiveSockets(ctx, new LiveLog(storage))

  const record = (news: readonly NewDeviceEvent[]) => {
    const kept = events.add(news)
    live.emit(
      kept.map((event) => ({ type: 'event', event })),
      Date.now(),
    )
  }

  const state = new StateKeeper({
    readMark: () => readMark(storage),
    writeMark: (mark) => writeMark(storage, mark),
    load: (device) =>
      withDeadline(loadDeviceState(openTelemetryStore(telemetryEnv()), device, Date.now()), limits.d1TimeoutMs),
    save: (device, row) => laneStub(env, device.shards.at(-1)?.shard ?? 0, device.deviceId).saveState(row),
  })

  const pipeline: PipelineContext = {
    platform,
    findChildren: (gateway, ids) => resolveChildren({ registry }, gateway, ids, Date.now()),
    limit: (...message) => countUplink(env, ...message),
  }
  /** Whatever a device says shows that it is there. */
  const heard = (device: DeviceIdentity) => ctx.waitUntil(self.observe({ device, receivedAt: Date.now() }))
  const findByToken = (token: string) => findIdentityByToken(registry, token)
  const lookUp = async ({ tenantId, deviceId }: DeviceIdentity) => {
    const found = await withDeadline(findDeviceIdentities(registry, tenantId, [deviceId]), limits.d1TimeoutMs)
    return found.get(deviceId)
  }
  const sockets = new DeviceSockets(ctx, {
    ports: (speaker) =>
      createSessionPorts(
        {
          pipeline,
          heard,
          count: (device, limit) => countMessage(env.DEVICE_RATE, device.deviceId, limit),
          isTokenOf: async (token, device) =>
            (await withDeadline(findByToken(token), limits.d1TimeoutMs))?.deviceId === device.deviceId,
        },
        speaker,
      ),
    lookUp,
  })

  const deadline = new Deadline(ctx.storage)
  const arm = (at: number) => ctx.waitUntil(deadline.arm(at))
  const opened = (device: DeviceIdentity, way: string) => {
    record([{ kind: 'connected', at: Date.now(), connector: connectorOf(way), detail: 'A connection was opened.' }])
    ctx.waitUntil(Promise.allSettled([commands.wayOpened(device), ...tellChildren(way, 'open')]))
  }
  const closed = (way: string, reason: string) => {
    record([{ kind: 'disconnected', at: Date.now(), connector: connectorOf(way), detail: reason }])
    ctx.waitUntil(Promise.allSettled([commands.wayClosed(way), ...tellChildren(way, 'closed')]))
  }
  const mqtt = furnishMqtt({
    env,
    registry,
    storage,
    self,
    pipeline,
    heard,
    opened,
    closed,
    listens: () => ctx.waitUntil(Promise.allSettled([commands.resume(), ...tellChildren('mqtt:', 'open')])),
    arm,
    background: (work) => ctx.waitUntil(work),
  })
  const ways = new DeviceWays(storage, sockets, mqtt, { platform, opened, closed })
  const tellChildren = (way: string, change: 'open' | 'closed') =>
    ways.children().map((child) => platform.device(child).gatewayChanged(way, change))
  const tell = (device: DeviceIdentity, messages: readonly Downlink[]) =>
    withDeadline(ways.tell(device, messages), limits.tellMs)

  const attributes = new AttributeBook({
    load: (device) => withDeadline(loadAttributes(registry, device.tenantId, device.deviceId), limits.d1TimeoutMs),
    async save({ tenantId, deviceId }, scope, changes, now) {
      const work = writeAttributes(registry, tenantId, deviceId, scope, changes, now)
      const isThere = await withDeadline(work, limits.d1TimeoutMs)
      if (!isThere) throw new AppError('device_not_found', { detail: 'There is no such device any more.' })
    },
    changed(device, scope, changes) {
      live.emit(
        changes.map(([key, value]) => ({ type: 'attribute', scope, key, value })),
        Date.now(),
      )
      ctx.waitUntil(Promise.resolve(alarms.attributesChanged(device, scope, changes)))
      if (scope !== 'shared') return
      const keys = changes.map(([key]) => key).join(', ')
      events.add([{ kind: 'attributes_pushed', at: Date.now(), connector: 'attributes', detail: keys.slice(0, 1_000) }])
      const told = tell(
        device,
        changes.map(([key, value]) => ({ kind: 'attribute', key, value })),
      )
      ctx.waitUntil(
        told.then((way) => (way === undefined && network.way() ? queueChanges(device, changes) : undefined)),
      )
    },
    now: () => Date.now(),
  })

  /** A network server takes commands only: a change waits, is sent and is followed as one. */
  const queueChanges = (device: DeviceIdentity, changes: AttributeChanges) =>
    commands.send(device, sharedAttributesCommand(changes, Date.now()), 0)

  const commands = new CommandDesk(new CommandQueue(storage), {
    tell,
    network: {
      way: () => network.way(),
      hand: ({ tenantId }, command) => {
        const route = network.route() as NetworkRoute
        return handToNetwork({ ctx: { registry, ...outgoingPowers(env) }, input: { tenantId, route, command } })
      },
    },
    current: lookUp,
    saveHistory: ({ tenantId, deviceId }, rows) =>
      withDeadline(upsertCommands(registry, tenantId, deviceId, rows.map(toRecord)), limits.d1TimeoutMs),
    changed(row) {
      live.emit([{ type: 'command', command: toStatus(row) }], Date.now())
      if (row.finishedAt === null) return
      const { method } = row.command
      events.add([
        { kind: 'command', at: Date.now(), connector: 'commands', detail: `"${method.slice(0, 100)}": ${row.state}.` },
      ])
    },
    arm,
    now: () => Date.now(),
  })

  const alarms = furnishAlarms({
    storage,
    registry,
    telemetry: () => openTelemetryStore(telemetryEnv()),
    platform,
    attributes,
    changed: (change) => live.emit([{ type: 'alarm', ...change }], Date.now()),
    arm,
    background: (work) => ctx.waitUntil(work),
  })

  commands.woke()
  ways.closeLost()
  return {
    frames,
    network,
    alarms,
    heard,
    commands,
    deadline,
    storage,
    events,
    record,
    live,
    mqtt,
    state,
    sockets,
    ways,
    attributes,
    findByToken,
  }
}

/** A way's name begins with the connector by which the device came. */
function connectorOf(way: string): string {
  return way.split(':')[0] as string
}
