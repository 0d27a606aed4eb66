import { mqtt } from '../../connectors/mqtt.ts'
import { AppError, errorCatalog, fromFault } from '../../domain/errors.ts'
import { fnv1a } from '../../domain/fnv1a.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { log } from '../../log.ts'
import type { BrokerPorts, Credentials, Inbound, Outcome } from '../../mqtt/connection/ports.ts'
import { PacketFault, reasons } from '../../mqtt/reason-codes.ts'
import type { Link } from '../../mqtt/space/calls.ts'
import { refuse } from '../../pipeline/receive.ts'
import { toAppError } from '../../services/to-app-error.ts'
import type { BrokerSocket } from './broker-socket.ts'
import type { ConnectionTable } from './connection-table.ts'
import type { SpaceLink } from './links.ts'
import { withPatience } from './patience.ts'
import { connectorOf, faultOutcome, receiveUplinks, type UplinkContext } from './uplinks.ts'

export interface PortsHost {
  readonly table: ConnectionTable
  readonly uplinks: UplinkContext
  space(device: Pick<DeviceIdentity, 'deviceId'>): SpaceLink
  /** @throws AppError quota_exceeded: too many unknown tokens of one address */
  findByToken(token: string, address: string): Promise<DeviceIdentity | undefined>
  /** The device as it is now; undefined: gone, or the token is not its any more. */
  lookUp(device: DeviceIdentity, token: string): Promise<DeviceIdentity | undefined>
  /** Goes on after the event. */
  background(work: Promise<unknown>): void
  now(): number
}

/** What one connection asks of the house. */
export function createPorts(host: PortsHost, of: BrokerSocket): BrokerPorts {
  let space: SpaceLink | undefined
  let assigned = ''

  const link = (): Link => ({ clientId: of.client?.clientId || assigned, connection: of.id })
  const spaceOf = (device: Pick<DeviceIdentity, 'deviceId'>) => {
    space ??= host.space(device)
    return space
  }

  /** A stub that failed once may stay broken. */
  async function ask<T>(device: Pick<DeviceIdentity, 'deviceId'>, call: (space: SpaceLink) => Promise<T>): Promise<T> {
    try {
      return await call(spaceOf(device))
    } catch (thrown) {
      space = undefined
      throw thrown
    }
  }

  function known(): DeviceIdentity {
    const { device } = of.identity
    if (device) return device
    throw new AppError('internal', { detail: 'Something went wrong here.' })
  }

  async function speaker(): Promise<DeviceIdentity> {
    const device = known()
    const now = host.now()
    if (now - (of.identity.checkedAt ?? 0) < limits.identityRecheckMs) return device
    const current = await host.lookUp(device, of.client?.speaker.token ?? '')
    if (!current) throw new PacketFault(reasons.notAuthorized, 'This device is gone, or may not speak any more.')
    of.identify(current, now)
    return current
  }

  /** Without an answer to wait for. Where it fails, the client comes again and is told again. */
  function say(call: (space: SpaceLink) => Promise<void>): void {
    const work = ask(known(), call).catch((error: unknown) => {
      log('warn', 'mqtt_session_unreachable', { error })
      return of.kick(errorCatalog.unavailable.mqtt5, 'A part of the service does not answer; try again.')
    })
    host.background(work)
  }

  async function publish(device: DeviceIdentity, messages: readonly Inbound[]): Promise<Outcome[]> {
    const now = host.now()
    const mark = `m${fnv1a(link().clientId).toString(36)}`
    const outcomes = new Map<Inbound, Outcome>()
    const byRoad = Map.groupBy(messages, connectorOf)
    const work = [...byRoad].map(async ([connector, group]) => {
      const results = connector
        ? await receiveUplinks(host.uplinks, connector, device, group, mark, now)
        : await publishPlain(device, group)
      for (const [i, message] of group.entries()) outcomes.set(message, results[i] ?? lost)
    })
    await Promise.all(work)
    return messages.map((message) => outcomes.get(message) ?? lost)
  }

  async function publishPlain(device: DeviceIdentity, messages: readonly Inbound[]): Promise<readonly Outcome[]> {
    try {
      await host.uplinks.limit(device, [], false, messages.length)
    } catch (thrown) {
      const outcome = faultOutcome(toAppError(thrown))
      return messages.map(() => outcome)
    }
    const plain = messages.map(({ own: _, isDup: __, packetId: ___, ...message }) => message)
    return ask(device, (space) => space.mqttPublish(device, link(), plain))
  }

  /** It ends the connection, so a person should find out why. */
  async function recordOverQuota({ deviceId }: DeviceIdentity, detail: string): Promise<void> {
    const event = {
      kind: 'uplink_rejected',
      at: host.now(),
      connector: mqtt.id,
      code: 'quota_exceeded',
      detail,
    } as const
    await host.uplinks.platform
      .device(deviceId)
      .recordEvents([event])
      .catch((error: unknown) => log('warn', 'events_not_recorded', { device_id: deviceId, error }))
  }

  return guarded({
    authenticate: ({ clientId, username }: Credentials) => authenticate(host, of, username || clientId),
    async open({ speaker: { token }, clientId, ...wish }) {
      const device = known()
      assigned = clientId || crypto.randomUUID()
      host.table.add(of.id, device.deviceId)
      const opening = { ...wish, clientId: assigned, connection: of.id }
      const opened = await ask(device, (space) => space.mqttOpen(token, device.deviceId, opening))
      if ('code' in opened) {
        host.table.remove([of.id])
        throw fromFault(opened)
      }
      of.identify(opened.device, host.now())
      return { ...opened, assignedClientId: assigned }
    },
    async publish(messages) {
      const device = await speaker()
      const isOver = () => !of.isOpen || of.client?.version === 5
      const outcomes = await withPatience(messages, (some) => publish(device, some), isOver)
      const over = outcomes.find(isOverQuota)
      if (over) host.background(recordOverQuota(device, over.passing.detail))
      return outcomes
    },
    refused(messages) {
      const error = new AppError('forbidden', { detail: "A message to a topic that is not this device's." })
      const device = known()
      const work = messages.map(({ payload }) => {
        const body = { bytes: payload, contentType: 'application/octet-stream' }
        const raw = { principal: { kind: 'device', device }, body, receivedAt: host.now() } as const
        return refuse(host.uplinks, mqtt, device, raw, error)
      })
      host.background(Promise.allSettled(work))
    },
    awaitRelease: (packetIds) => ask(known(), (space) => space.mqttAwaitRelease(link(), packetIds)),
    async subscribe(filters) {
      const device = await speaker()
      return current(await ask(device, (space) => space.mqttSubscribe(device, link(), filters)))
    },
    async unsubscribe(filters) {
      return current(await ask(known(), (space) => space.mqttUnsubscribe(link(), filters)))
    },
    received: (ids) => say((space) => space.mqttReceived(link(), ids)),
    settled: (ids) => say((space) => space.mqttSettled(link(), ids)),
    delivered: (receipts) => say((space) => space.mqttSettled(link(), [], receipts)),
    now: () => host.now(),
    async close(how) {
      // Whatever cuts this short: who said goodbye is not taken for lost.
      if (!how.withWill || how.expirySeconds !== undefined) host.table.leave({ link: link(), how })
      await ask(known(), (space) => space.mqttClose(link(), how))
      host.table.remove([of.id])
    },
  })
}

const lost: Outcome = { passing: { code: 'internal', detail: 'Something went wrong here.' } }

function isOverQuota(outcome: Outcome): outcome is Extract<Outcome, { passing: unknown }> {
  return typeof outcome === 'object' && 'passing' in outcome && outcome.passing.code === 'quota_exceeded'
}

async function authenticate(host: PortsHost, of: BrokerSocket, token: string) {
  const device = await host.findByToken(token, of.address)
  if (!device) return undefined
  of.identify(device, host.now())
  return { token }
}

/** Another connection has the session now, and this one was not told yet. */
function current<T>(answer: T | undefined): T {
  if (answer !== undefined) return answer
  throw new PacketFault(reasons.takenOver, 'Another connection uses this client id.')
}

/** The one place where what nobody foresaw becomes the end of a connection: it is logged here, once. */
function guarded(ports: BrokerPorts): BrokerPorts {
  const entries = Object.entries(ports).map(([name, port]) => {
    const call = port as (...args: unknown[]) => unknown
    return [name, (...args: unknown[]) => settle(name, () => call(...args))]
  })
  return Object.fromEntries(entries) as unknown as BrokerPorts
}

function settle(name: string, call: () => unknown): unknown {
  const result = call()
  return result instanceof Promise ? result.catch((thrown: unknown) => fail(name, thrown)) : result
}

function fail(name: string, thrown: unknown): never {
  if (thrown instanceof PacketFault) throw thrown
  const error = toAppError(thrown)
  if (error.code === 'internal') log('error', 'mqtt_call_failed', { port: name, cause: error.cause })
  throw error
}
