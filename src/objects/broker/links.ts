import type { Fault } from '../../domain/errors.ts'
import type { DeviceId } from '../../domain/ids.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import type { Leaving, Outcome, OwnFilter, Wanted } from '../../mqtt/connection/ports.ts'
import type { Delivery, Granted, Link, Opened, Opening } from '../../mqtt/space/calls.ts'
import type { Message } from '../../mqtt/space/message.ts'

/** What a broker asks of a device's object. Who speaks is said by the device's own identity, looked up by the broker. */
export interface SpaceLink {
  /** The object asks the registry itself whose token it is. */
  mqttOpen(token: string, deviceId: DeviceId, opening: Omit<Opening, 'now'>): Promise<SpaceOpened | Fault>
  /** Whatever is no telemetry, in order; an outcome for each. */
  mqttPublish(device: DeviceIdentity, link: Link, messages: readonly Message[]): Promise<readonly Outcome[]>
  /** Undefined, here and below: the connection was taken over. */
  mqttSubscribe(device: DeviceIdentity, link: Link, filters: readonly Wanted[]): Promise<Granted | undefined>
  mqttUnsubscribe(link: Link, filters: readonly OwnFilter[]): Promise<readonly number[] | undefined>
  mqttReceived(link: Link, ids: readonly number[]): Promise<void>
  /** `receipts`: of messages that the client has. */
  mqttSettled(link: Link, ids: readonly number[], receipts?: readonly string[]): Promise<void>
  mqttAwaitRelease(link: Link, packetIds: readonly number[]): Promise<void>
  mqttClose(link: Link, how: Leaving): Promise<void>
  /** Connections of an object that was cut short: no handler told. */
  mqttLost(connections: readonly string[]): Promise<void>
}

export interface SpaceOpened extends Opened {
  readonly device: DeviceIdentity
}

/** What a device's object asks of a broker. Each enqueues and returns. */
export interface BrokerLink {
  /** The connections among them that are not open here (any more). */
  deliver(deliveries: readonly Delivery[]): Promise<readonly string[]>
  kick(connections: readonly string[], reasonCode: number, detail: string): Promise<void>
  /** The device's rights changed: they are read anew. */
  recheck(connections: readonly string[]): Promise<void>
}

export function brokerOf(connection: string): string {
  return connection.slice(0, connection.lastIndexOf('/'))
}
