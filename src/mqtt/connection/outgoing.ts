import { toBase64 } from '../../codec/base64.ts'
import { limits } from '../../domain/limits.ts'
import type { ServerPacket } from '../packets.ts'
import { fromBase64, pack, unpack } from '../space/message.ts'
import { respell } from '../topics.ts'
import { OutgoingAliases } from './aliases.ts'
import type { Client } from './client.ts'
import type { Outbound } from './ports.ts'

type OutboundPublish = Extract<Outbound, { kind: 'publish' }>

/** On its way: `id` where the topic space keeps it, `isReceived` after a PUBREC. */
interface Sent {
  readonly qos: 1 | 2
  readonly id?: number
  readonly isReceived: boolean
}

type PackedOutbound =
  | { readonly kind: 'pubrel'; readonly id: number; readonly packetId: number }
  | (Omit<OutboundPublish, 'message'> & { readonly head: string; readonly payload: string })

export interface OutgoingSnapshot {
  readonly inflight: readonly (readonly [number, Sent])[]
  readonly aliases: readonly (readonly [string, number])[]
  readonly waiting: readonly PackedOutbound[]
  readonly lastPacketId: number
}

/** The way to the socket. False: the client takes no packet of this size. */
export type Send = (packet: ServerPacket) => boolean

/** Messages to the client: packet ids, its receive maximum, what it has. */
export class Outgoing {
  readonly #send: Send
  readonly #inflight = new Map<number, Sent>()
  #client: Client | undefined
  #isHeld = false
  #aliases = new OutgoingAliases(0)
  #waiting: Outbound[] = []
  #waitingBytes = 0
  #lastPacketId = 0
  #received: number[] = []
  #settled: number[] = []

  constructor(send: Send) {
    this.#send = send
  }

  /** From the CONNACK on. What the session is owed goes before what came meanwhile. */
  start(client: Client, owed: readonly Outbound[] = []): void {
    this.#client = client
    this.#aliases = new OutgoingAliases(Math.min(client.topicAliasMaximum, limits.mqttTopicAliases))
    this.release(owed)
  }

  /** What comes from now on may be newer than what an answer under way will bring: it waits for `release`. */
  hold(): void {
    this.#isHeld = true
  }

  /** What the answer brought, before what came meanwhile. */
  release(first: readonly Outbound[]): void {
    this.#isHeld = false
    const early = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    this.deliver([...first, ...early])
  }

  deliver(messages: readonly Outbound[]): void {
    for (const message of messages) {
      const isNext = this.#waiting.length === 0 || isQos0(message)
      if (isNext && this.#mayGo(message)) this.#go(message)
      else this.#wait(message)
    }
  }

  /** PUBACK. False: it is not for a message of QoS 1. */
  acknowledge(packetId: number): boolean {
    const sent = this.#inflight.get(packetId)
    if (sent?.qos === 1) this.#finish(packetId, sent)
    return sent?.qos !== 2
  }

  /** PUBREC that takes the message. */
  receive(packetId: number): 'received' | 'unknown' | 'misplaced' {
    const sent = this.#inflight.get(packetId)
    if (!sent) return 'unknown'
    if (sent.qos !== 2) return 'misplaced'
    if (!sent.isReceived && sent.id !== undefined) this.#received.push(sent.id)
    this.#inflight.set(packetId, { ...sent, isReceived: true })
    return 'received'
  }

  /** PUBCOMP, or a PUBREC that refuses. False: it is not for a message of QoS 2. */
  complete(packetId: number): boolean {
    const sent = this.#inflight.get(packetId)
    if (sent?.qos === 2) this.#finish(packetId, sent)
    return sent?.qos !== 1
  }

  /** What the client has, since the last report. */
  report(): { readonly received: readonly number[]; readonly settled: readonly number[] } {
    const report = { received: this.#received, settled: this.#settled }
    this.#received = []
    this.#settled = []
    return report
  }

  snapshot(): OutgoingSnapshot {
    return {
      inflight: [...this.#inflight],
      aliases: this.#aliases.entries(),
      waiting: this.#waiting.map(packOutbound),
      lastPacketId: this.#lastPacketId,
    }
  }

  restore(client: Client, { inflight, aliases, waiting, lastPacketId }: OutgoingSnapshot): void {
    this.#client = client
    this.#aliases = new OutgoingAliases(Math.min(client.topicAliasMaximum, limits.mqttTopicAliases), aliases)
    this.#lastPacketId = lastPacketId
    for (const [packetId, sent] of inflight) this.#inflight.set(packetId, sent)
    for (const message of waiting) this.#wait(unpackOutbound(message))
  }

  #finish(packetId: number, { id }: Sent): void {
    this.#inflight.delete(packetId)
    if (id !== undefined) this.#settled.push(id)
    this.#goOn()
  }

  #goOn(): void {
    let [next] = this.#waiting
    while (next && this.#mayGo(next)) {
      this.#waiting.shift()
      this.#waitingBytes -= sizeOf(next)
      this.#go(next)
      next = this.#waiting[0]
    }
  }

  /** [MQTT-3.3.4-9] */
  #mayGo(message: Outbound): boolean {
    if (!this.#client || this.#isHeld) return false
    return isQos0(message) || this.#inflight.size < Math.min(this.#client.receiveMaximum, limits.mqttWindowMessages)
  }

  /** The oldest makes room: what the topic space keeps comes again with the next connection. */
  #wait(message: Outbound): void {
    this.#waiting.push(message)
    this.#waitingBytes += sizeOf(message)
    while (this.#waiting.length > limits.mqttQueuedMessages || this.#waitingBytes > limits.mqttQueuedBytes) {
      const oldest = this.#waiting.shift()
      if (!oldest) return
      this.#waitingBytes -= sizeOf(oldest)
    }
  }

  #go(outbound: Outbound): void {
    if (outbound.kind === 'publish') {
      this.#publish(outbound)
      return
    }
    const { id, packetId } = outbound
    this.#inflight.set(packetId, { qos: 2, id, isReceived: true })
    this.#send({ type: 'pubrel', packetId, reasonCode: 0 })
  }

  #publish({ id, isDup, message, packetId: given }: OutboundPublish): void {
    const { qos } = message
    const packetId = qos === 0 ? undefined : (given ?? this.#nextPacketId())
    const topic = this.#spell(message)
    const packet = {
      type: 'publish',
      message,
      isDup: isDup && qos > 0,
      ...(packetId !== undefined && { packetId }),
    } as const
    const name = this.#aliases.name(topic)
    const isSent = this.#send({ ...packet, ...name })
    // [MQTT-3.1.2-25]: one that is too large, also without an alias that would be new, counts as done.
    if (!isSent && !(name.topicAlias !== undefined && this.#send({ ...packet, topic }))) {
      if (id !== undefined) this.#settled.push(id)
      return
    }
    if (isSent && name.topicAlias !== undefined) this.#aliases.use(topic, name.topicAlias)
    if (packetId === undefined || qos === 0) return
    this.#inflight.set(packetId, { qos, isReceived: false, ...(id !== undefined && { id }) })
  }

  #spell({ topic, spelling }: OutboundPublish['message']): string {
    return this.#client ? respell(topic, this.#client.speaker.token, spelling) : topic
  }

  /** [MQTT-2.2.1-4] */
  #nextPacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % 0xffff) + 1
    while (this.#inflight.has(this.#lastPacketId))
    return this.#lastPacketId
  }
}

const isQos0 = (outbound: Outbound) => outbound.kind === 'publish' && outbound.message.qos === 0

function sizeOf(outbound: Outbound): number {
  if (outbound.kind === 'pubrel') return limits.waitingFrameBytes
  const { topic, payload, properties } = outbound.message
  return payload.length + topic.length + propertyBytes(properties) + limits.waitingFrameBytes
}

function propertyBytes(properties: OutboundPublish['message']['properties']): number {
  if (!properties) return 0
  const { correlationData, ...texts } = properties
  return (correlationData?.length ?? 0) + JSON.stringify(texts).length
}

function packOutbound(outbound: Outbound): PackedOutbound {
  if (outbound.kind === 'pubrel') return outbound
  const { message, ...rest } = outbound
  const { head, payload } = pack(message)
  return { ...rest, head, payload: toBase64(payload) }
}

function unpackOutbound(packed: PackedOutbound): Outbound {
  if (packed.kind === 'pubrel') return packed
  const { head, payload, ...rest } = packed
  return { ...rest, message: unpack(head, fromBase64(payload)) }
}
