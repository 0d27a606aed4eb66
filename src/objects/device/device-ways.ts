import type { DeviceId } from '../../domain/ids.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import type { Downlink, Platform } from '../../services/ports.ts'
import type { DeviceSockets } from './device-sockets.ts'
import type { DeviceStorage } from './storage.ts'

export interface WaysHost {
  readonly platform: Platform
  opened(device: DeviceIdentity, way: string): void
  closed(way: string, reason: string): void
}

/** MQTT clients of the device: each of the two returns the way by which it went, if anybody listens. */
export interface MqttWays {
  tell(messages: readonly Downlink[]): string | undefined
  tellChild(child: DeviceId, messages: readonly Downlink[]): string | undefined
}

/**
 * By which ways a device can be told something: its own open sockets, else its gateway's. An object that was
 * cut short runs no close handlers, so open connections are written down and compared when it wakes.
 */
export class DeviceWays {
  readonly #storage: DeviceStorage
  readonly #sockets: DeviceSockets
  readonly #mqtt: MqttWays
  readonly #host: WaysHost

  constructor(storage: DeviceStorage, sockets: DeviceSockets, mqtt: MqttWays, host: WaysHost) {
    this.#storage = storage
    this.#sockets = sockets
    this.#mqtt = mqtt
    this.#host = host
  }

  open(device: DeviceIdentity, now: number): WebSocket {
    const way = `websocket:${crypto.randomUUID()}`
    const socket = this.#sockets.accept(device, way, now)
    this.#storage.prepare()
    this.#storage.sql.exec('INSERT INTO connections (way, at) VALUES (?, ?)', way, now)
    this.#host.opened(device, way)
    return socket
  }

  close(way: string, reason: string): void {
    if (!this.#storage.isReady) return
    const known = this.#storage.sql.exec('DELETE FROM connections WHERE way = ? RETURNING way', way).toArray()
    if (known.length > 0) this.#host.closed(way, reason)
  }

  /** Those that are written down and not open any more. */
  closeLost(): void {
    if (!this.#storage.isReady) return
    const open = new Set(this.#sockets.ways())
    const known = this.#storage.sql.exec<{ way: string }>('SELECT way FROM connections').toArray()
    for (const { way } of known) if (!open.has(way)) this.close(way, 'The service restarted.')
  }

  /** The way it went by; undefined: none is open. A gateway that has none is asked to call again when it has. */
  async tell(device: DeviceIdentity, messages: readonly Downlink[]): Promise<string | undefined> {
    const own = this.#tell(messages)
    if (own !== undefined || !device.parentGatewayId) return own
    return this.#host.platform.device(device.parentGatewayId).tellChild(device.deviceId, messages)
  }

  tellChild(child: DeviceId, messages: readonly Downlink[]): string | undefined {
    this.#storage.prepare()
    this.#storage.sql.exec('INSERT INTO children (device_id) VALUES (?) ON CONFLICT DO NOTHING', child)
    return this.#sockets.tell(messages, child) ?? this.#mqtt.tellChild(child, messages)
  }

  /** A command goes by one way: a socket, else to the MQTT clients that listen for it. A change goes to all. */
  #tell(messages: readonly Downlink[]): string | undefined {
    const bySocket = this.#sockets.tell(messages)
    const rest = bySocket === undefined ? messages : messages.filter(({ kind }) => kind === 'attribute')
    const byMqtt = this.#mqtt.tell(rest)
    return bySocket ?? byMqtt
  }

  /** It left this gateway. */
  forgetChild(child: DeviceId): void {
    if (this.#storage.isReady) this.#storage.sql.exec('DELETE FROM children WHERE device_id = ?', child)
  }

  /** The children that were or should have been told something by this gateway. */
  children(): DeviceId[] {
    if (!this.#storage.isReady) return []
    return this.#storage.sql
      .exec<{ device_id: DeviceId }>('SELECT device_id FROM children')
      .toArray()
      .map(({ device_id }) => device_id)
  }
}
