import { limits } from '../../domain/limits.ts'
import type { Spelling } from '../topics.ts'
import { matches } from './match.ts'
import type { Copy, Message, QoS } from './message.ts'

/** In its canonical form. Two spellings of it are two filters to the client that chose them. */
export interface Filter {
  readonly filter: string
  readonly spelling?: Spelling
}

export interface Subscription extends Filter {
  readonly qos: QoS
  readonly noLocal?: boolean
  readonly retainAsPublished?: boolean
  readonly retainHandling?: 0 | 1 | 2
  readonly identifier?: number
}

/** Overlapping subscriptions: one copy, with the highest QoS and all identifiers. [MQTT-3.3.4-2] [MQTT-3.3.4-4] */
export function copiesFor(subscriptions: readonly Subscription[], message: Message, isOwn: boolean): Copy[] {
  const hits = subscriptions.filter(({ filter, noLocal }) => !(noLocal && isOwn) && matches(filter, message.topic))
  return [...Map.groupBy(hits, ({ spelling }) => spelling)].map(([spelling, group]) => {
    const identifiers = group.flatMap(({ identifier }) => identifier ?? [])
    return {
      ...message,
      qos: Math.min(message.qos, Math.max(...group.map(({ qos }) => qos))) as QoS,
      retain: message.retain && group.some(({ retainAsPublished }) => retainAsPublished),
      ...(identifiers.length > 0 && { identifiers }),
      ...(spelling !== undefined && { spelling }),
    }
  })
}

export const isSame = (one: Filter, other: Filter) => one.filter === other.filter && one.spelling === other.spelling

export function hasRoomFor(subscriptions: readonly Subscription[], filter: string): boolean {
  const bytes = subscriptions.reduce((sum, it) => sum + it.filter.length, filter.length)
  return subscriptions.length < limits.mqttSubscriptions && bytes <= limits.mqttSubscriptionBytes
}
