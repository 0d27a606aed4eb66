import { toBase64 } from '../../codec/base64.ts'
import { limits } from '../../domain/limits.ts'
import type { ServerPacket } from '../packets.ts'
import { aged, expiryOf, fromBase64, isOver, pack, unpack } from '../space/message.ts'
import { respell } from '../topics.ts'
import { OutgoingAliases } from './aliases.ts'
import type { Client } from './client.ts'
import type { Outbound } from './ports.ts'

type OutboundPublish = Extract<Outbound, { kind: 'publish' }>

/** On its way: `id` where the topic space keeps it, `isReceived` after a PUBREC. */
interface Sent {
  readonly qos: 1 | 2
  readonly id?: number
  readonly receipt?: string
  readonly isReceived: boolean
}

interface Waiting {
  readonly outbound: Outbound
  /** Since it waits; none: it does not expire. */
  readonly expiresAt?: number
}

type PackedOutbound =
  | { readonly kind: 'pubrel'; readonly id: number; readonly packetId: number }
  | (Omit<OutboundPublish, 'message'> & { readonly head: string; readonly payload: string })

export interface OutgoingSnapshot {
  readonly inflight: readonly (readonly [number, Sent])[]
  readonly aliases: readonly (readonly [string, number])[]
  readonly waiting: readonly (PackedOutbound & Pick<Waiting, 'expiresAt'>)[]
  readonly lastPacketId: number
}

/** The way to the socket. False: the client takes no packet of this size. */
export type Send = (packet: ServerPacket) => boolean

/** Messages to the client: packet ids, its receive maximum, what it has. */
export class Outgoing {
  readonly #send: Send
  readonly #now: () => number
  readonly #inflight = new Map<number, Sent>()
  #client: Client | undefined
  #isHeld = false
  #aliases = new OutgoingAliases(0)
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #lastPacketId = 0
  #received: number[] = []
  #settled: number[] = []
  #receipts: string[] = []

  constructor(send: Send, now: () => number) {
    this.#send = send
    this.#now = now
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
    this.deliver(first)
    for (const waiting of early) this.#take(waiting)
  }

  deliver(messages: readonly Outbound[]): void {
    for (const outbound of messages) this.#take({ outbound })
  }

  /** PUBACK; `isTaken`: not one that refuses. False: it is not for a message of QoS 1. */
  acknowledge(packetId: number, isTaken: boolean): boolean {
    const sent = this.#inflight.get(packetId)
    if (sent?.receipt !== undefined && isTaken) this.#receipts.push(sent.receipt)
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
  report() {
    const report = { received: this.#received, settled: this.#settled, receipts: this.#receipts }
    this.#received = []
    this.#settled = []
    this.#receipts = []
    return report
  }

  snapshot(): OutgoingSnapshot {
    return {
      inflight: [...this.#inflight],
      aliases: this.#aliases.entries(),
      waiting: this.#waiting.map(({ outbound, ...rest }) => ({ ...packOutbound(outbound), ...rest })),
      lastPacketId: this.#lastPacketId,
    }
  }

  restore(client: Client, { inflight, aliases, waiting, lastPacketId }: OutgoingSnapshot): void {
    this.#client = client
    this.#aliases = new OutgoingAliases(Math.min(client.topicAliasMaximum, limits.mqttTopicAliases), aliases)
    this.#lastPacketId = lastPacketId
    for (const [packetId, sent] of inflight) this.#inflight.set(packetId, sent)
    for (const { expiresAt, ...packed } of waiting) {
      this.#wait({ outbound: unpackOutbound(packed), ...(expiresAt !== undefined && { expiresAt }) })
    }
  }

  #finish(packetId: number, { id }: Sent): void {
    this.#inflight.delete(packetId)
    if (id !== undefined) this.#settled.push(id)
    this.#goOn()
  }

  #goOn(): void {
    let [next] = this.#waiting
    while (next && this.#mayGo(next.outbound)) {
      this.#waiting.shift()
      this.#waitingBytes -= sizeOf(next.outbound)
      this.#go(next)
      next = this.#waiting[0]
    }
  }

  #take(waiting: Waiting): void {
    const isNext = this.#waiting.length === 0 || isQos0(waiting.outbound)
    if (isNext && this.#mayGo(waiting.outbound)) this.#go(waiting)
    else this.#wait({ ...this.#expiring(waiting.outbound), ...waiting })
  }

  /** [MQTT-3.3.4-9] */
  #mayGo(message: Outbound): boolean {
    if (!this.#client || this.#isHeld) return false
    return isQos0(message) || this.#inflight.size < Math.min(this.#client.receiveMaximum, limits.mqttWindowMessages)
  }

  /** The oldest makes room: what the topic space keeps comes again with the next connection. */
  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#waitingBytes += sizeOf(waiting.outbound)
    while (this.#waiting.length > limits.mqttQueuedMessages || this.#waitingBytes > limits.mqttQueuedBytes) {
      const oldest = this.#waiting.shift()
      if (!oldest) return
      this.#waitingBytes -= sizeOf(oldest.outbound)
    }
  }

  #expiring(outbound: Outbound): Pick<Waiting, 'expiresAt'> {
    const expiresAt = outbound.kind === 'publish' ? expiryOf(outbound.message, this.#now()) : null
    return expiresAt === null ? {} : { expiresAt }
  }

  #go({ outbound, ...rest }: Waiting): void {
    if (outbound.kind === 'publish') {
      const now = this.#now()
      const expiresAt = rest.expiresAt ?? null
      // One of QoS 2 that went out before may not expire. [MQTT-4.3.3-7]
      const isGone = isOver(expiresAt, now) && !(outbound.isDup && outbound.message.qos === 2)
      if (!isGone) this.#publish({ ...outbound, message: aged(outbound.message, expiresAt, now) })
      else if (outbound.id !== undefined) this.#settled.push(outbound.id)
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
    const { receipt } = message
    const kept = { ...(id !== undefined && { id }), ...(receipt !== undefined && { receipt }) }
    this.#inflight.set(packetId, { qos, isReceived: false, ...kept })
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
