import type { AckPacket, PublishPacket } from '../packets.ts'
import { isFailure, PacketFault, reasons } from '../reason-codes.ts'
import { ownTopic } from '../topics.ts'
import type { Client } from './client.ts'
import type { Context } from './context.ts'
import { fromFault } from './faults.ts'
import type { Inbound, Outcome } from './ports.ts'

type Ack = AckPacket & { readonly reason?: string }

const foreign = { reasonCode: reasons.notAuthorized, reason: "This topic is not this device's." }
const missing: Outcome = { passing: { code: 'internal', detail: 'Something went wrong here.' } }

/**
 * PUBLISH packets that are in hand, as one call. They are acknowledged in their order [MQTT-4.6.0-2], up to the first
 * one that must come again: that one and all behind it are not. What is thrown ends the connection.
 */
export async function handlePublish(context: Context, client: Client, run: readonly PublishPacket[]): Promise<void> {
  const own = run.map((packet) => toInbound(packet, client))
  const end = own.findIndex((inbound, i) => !inbound && mustEnd(run[i], client))
  const packets = end === -1 ? run : run.slice(0, end)
  const refused = run.filter((_, i) => !own[i] && (end === -1 || i <= end))
  if (refused.length > 0) context.ports.refused(refused)
  const outcomes = await publish(context, packets, own)
  for (const packet of run) context.incoming.handled(packet)

  const stop = packets.findIndex((packet, i) => packet.qos > 0 && isPassing(outcomes[i]))
  const settled = stop === -1 ? packets : packets.slice(0, stop)
  const acks = settled.flatMap((packet, i) => acknowledge(context, client, packet, outcomes[i] ?? missing))
  // What was published behind it is not published again when it comes again.
  const done = packets.filter((packet, i) => packet.qos === 2 && outcomes[i] === 'done')
  for (const { packetId } of done) if (packetId !== undefined) context.incoming.take(packetId)
  if (done.length > 0 || settled.some(({ qos }) => qos === 2)) await context.saveUnreleased()
  for (const { type, packetId, reasonCode } of acks) {
    if (type === 'puback' || isFailure(reasonCode)) context.incoming.finish(packetId)
  }
  context.acknowledge(acks)

  const passing = stop === -1 ? undefined : outcomes[stop]
  if (isPassing(passing)) throw fromFault(passing.passing)
  if (end !== -1) throw new PacketFault(foreign.reasonCode, foreign.reason)
}

function toInbound(packet: PublishPacket, { speaker }: Client): Inbound | undefined {
  const { type: _, topicAlias: __, topic, ...rest } = packet
  const own = ownTopic(topic, speaker.token)
  return own && { ...rest, topic: own.topic, own }
}

/** [MQTT-3.3.5-2]: where no acknowledgement can say that it was refused. */
function mustEnd(packet: PublishPacket | undefined, { version }: Client): boolean {
  return version === 4 || packet?.qos === 0
}

/** One outcome a packet. A repeat of a QoS 2 message is not published, and gets what the first one got. [MQTT-4.3.3-10] */
async function publish(
  { ports, incoming }: Context,
  packets: readonly PublishPacket[],
  own: readonly (Inbound | undefined)[],
): Promise<(Outcome | undefined)[]> {
  const fresh: Inbound[] = []
  const places = new Map<number, number>()
  const wanted = packets.map(({ qos, packetId = 0 }, i): Outcome | number => {
    const inbound = own[i]
    if (!inbound) return foreign
    if (qos === 2 && incoming.isTaken(packetId)) return 'done'
    const before = qos === 2 ? places.get(packetId) : undefined
    if (before !== undefined) return before
    if (qos === 2) places.set(packetId, fresh.length)
    return fresh.push(inbound) - 1
  })
  const outcomes = fresh.length > 0 ? await ports.publish(fresh) : []
  return wanted.map((it) => (typeof it === 'number' ? (outcomes[it] ?? missing) : it))
}

function isPassing(outcome: Outcome | undefined): outcome is Extract<Outcome, { passing: unknown }> {
  return typeof outcome === 'object' && 'passing' in outcome
}

/** MQTT 3.1.1 has no words for a lasting fault: its message is acknowledged, or it would come again for ever. */
function acknowledge({ incoming }: Context, { version }: Client, packet: PublishPacket, outcome: Outcome): Ack[] {
  const { qos, packetId } = packet
  if (packetId === undefined) return []
  const { reasonCode, reason } = version === 5 ? inWords(outcome) : inWords('done')
  if (qos === 2 && !isFailure(reasonCode)) incoming.take(packetId)
  const type = qos === 2 ? 'pubrec' : 'puback'
  return [{ type, packetId, reasonCode, ...(reason !== undefined && { reason }) }]
}

function inWords(outcome: Outcome): { readonly reasonCode: number; readonly reason?: string } {
  return typeof outcome === 'object' && 'reasonCode' in outcome ? outcome : { reasonCode: reasons.success }
}
