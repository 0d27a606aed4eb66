import type { UnsubscribePacket } from '../packets.ts'
import { reasons } from '../reason-codes.ts'
import { isTopicFilter, ownTopic } from '../topics.ts'
import type { Client } from './client.ts'
import type { Context } from './context.ts'
import type { OwnFilter } from './ports.ts'

/** [MQTT-3.10.4-4] [MQTT-3.11.3-1] */
export async function handleUnsubscribe(context: Context, client: Client, packet: UnsubscribePacket): Promise<void> {
  const judged = packet.filters.map((filter) => judge(filter, client))
  const filters = judged.filter((it) => typeof it === 'object')
  const codes = (filters.length > 0 ? await context.ports.unsubscribe(filters) : []).values()
  const answer = judged.map((it) => (typeof it === 'number' ? it : (codes.next().value ?? reasons.unspecified)))
  context.acknowledge([{ type: 'unsuback', packetId: packet.packetId, codes: answer }])
}

/** A reason code: there is no such subscription. */
function judge(filter: string, { speaker }: Client): OwnFilter | number {
  if (!isTopicFilter(filter)) return reasons.topicFilterInvalid
  const own = ownTopic(filter, speaker.token)
  return own ? { filter: own.topic, spelling: own.spelling } : reasons.noSubscription
}
