import { limits } from '../../domain/limits.ts'
import type { PublishPacket, Version } from '../packets.ts'
import { PacketFault, protocolError, reasons } from '../reason-codes.ts'

export interface IncomingSnapshot {
  readonly receiving: readonly number[]
  readonly unreleased: readonly number[]
  readonly aliases: readonly (readonly [number, string])[]
}

/** What the client's messages leave behind: their packet ids, and its topic aliases. */
export class Incoming {
  /** QoS 1 and 2 messages of this connection whose last acknowledgement did not go out. */
  readonly #receiving: Set<number>
  /** QoS 2 messages of this session that were taken and await their PUBREL. */
  readonly #unreleased: Set<number>
  readonly #aliases: Map<number, string>
  /** How many QoS 2 messages with a packet id came and are not handled yet, repeats among them. */
  readonly #waiting = new Map<number, number>()

  constructor({ receiving, unreleased, aliases }: IncomingSnapshot = { receiving: [], unreleased: [], aliases: [] }) {
    this.#receiving = new Set(receiving)
    this.#unreleased = new Set(unreleased)
    this.#aliases = new Map(aliases)
  }

  get unreleased(): readonly number[] {
    return [...this.#unreleased]
  }

  /**
   * A PUBLISH as it arrives. Returns it with its topic.
   * @throws PacketFault 0x82, 0x93, 0x94, 0x97
   */
  begin(packet: PublishPacket, version: Version): PublishPacket {
    const { packetId, qos } = packet
    if (packetId !== undefined) this.#receive(packetId, version)
    if (packetId !== undefined && qos === 2) this.#waiting.set(packetId, (this.#waiting.get(packetId) ?? 0) + 1)
    return this.#resolve(packet)
  }

  /** Of a PUBLISH: what became of it is known. */
  handled({ packetId, qos }: PublishPacket): void {
    if (packetId === undefined || qos !== 2) return
    const others = (this.#waiting.get(packetId) ?? 1) - 1
    if (others > 0) this.#waiting.set(packetId, others)
    else this.#waiting.delete(packetId)
  }

  #receive(packetId: number, version: Version): void {
    this.#receiving.add(packetId)
    // [MQTT-3.3.4-9]
    if (version === 5 && this.#receiving.size > limits.mqttReceiveMaximum) {
      throw new PacketFault(reasons.receiveMaximumExceeded, `At most ${limits.mqttReceiveMaximum} at once.`)
    }
    if (this.#receiving.size > limits.mqttReceiving) {
      throw new PacketFault(reasons.quotaExceeded, `At most ${limits.mqttReceiving} at once.`)
    }
  }

  #resolve(packet: PublishPacket): PublishPacket {
    const { topicAlias, topic } = packet
    if (topicAlias === undefined) {
      if (topic === '') throw protocolError('A PUBLISH has a topic name or a topic alias.')
      return packet
    }
    // [MQTT-3.3.2-9]
    if (topicAlias > limits.mqttTopicAliases) {
      throw new PacketFault(reasons.topicAliasInvalid, `The highest topic alias is ${limits.mqttTopicAliases}.`)
    }
    if (topic !== '') {
      this.#aliases.set(topicAlias, topic)
      const bytes = [...this.#aliases.values()].reduce((sum, it) => sum + it.length, 0)
      if (bytes <= limits.mqttTopicAliasBytes) return packet
      throw new PacketFault(reasons.quotaExceeded, 'The topics behind the aliases are too long together.')
    }
    const known = this.#aliases.get(topicAlias)
    if (known === undefined) throw protocolError('This topic alias stands for nothing.')
    return { ...packet, topic: known }
  }

  /** Its last acknowledgement goes out. */
  finish(packetId: number): void {
    this.#receiving.delete(packetId)
  }

  /** Taken; a repeat is not, until its PUBREL. [MQTT-4.3.3-10] */
  take(packetId: number): void {
    this.#unreleased.add(packetId)
  }

  isTaken(packetId: number): boolean {
    return this.#unreleased.has(packetId)
  }

  /** Its PUBREL need not wait for a PUBLISH, be it a repeat. */
  isReleasable(packetId: number): boolean {
    return this.#unreleased.has(packetId) && !this.#waiting.has(packetId)
  }

  /** False: no message awaits this PUBREL. */
  release(packetId: number): boolean {
    return this.#unreleased.delete(packetId)
  }

  snapshot(): IncomingSnapshot {
    return { receiving: [...this.#receiving], unreleased: [...this.#unreleased], aliases: [...this.#aliases] }
  }
}
