import type { SubscribePacket, WantedFilter } from '../packets.ts'
import { reasons } from '../reason-codes.ts'
import { isSharedFilter, isTopicFilter, ownTopic } from '../topics.ts'
import type { Client } from './client.ts'
import type { Context } from './context.ts'
import type { Wanted } from './ports.ts'

/** [MQTT-3.8.4-1] [MQTT-3.8.4-6]: one code a filter, in their order. */
export async function handleSubscribe(context: Context, client: Client, packet: SubscribePacket): Promise<void> {
  const { packetId, filters, identifier } = packet
  const judged = filters.map((filter) => judge(filter, identifier, client))
  const wanted = judged.filter((it) => typeof it === 'object')
  context.outgoing.hold()
  const { codes, outbound = [] } = wanted.length > 0 ? await context.ports.subscribe(wanted) : { codes: [] }
  const granted = codes.values()
  const answer = judged.map((it) => (typeof it === 'number' ? it : (granted.next().value ?? reasons.unspecified)))
  context.acknowledge([{ type: 'suback', packetId, codes: answer }])
  context.outgoing.release(outbound)
}

/** A reason code: refused. */
function judge({ filter, ...options }: WantedFilter, identifier: number | undefined, client: Client): Wanted | number {
  if (!isTopicFilter(filter)) return reasons.topicFilterInvalid
  if (isSharedFilter(filter) && client.version === 5) return reasons.sharedNotSupported
  const own = ownTopic(filter, client.speaker.token)
  if (!own) return reasons.notAuthorized
  return { filter: own.topic, spelling: own.spelling, ...options, ...(identifier !== undefined && { identifier }) }
}
