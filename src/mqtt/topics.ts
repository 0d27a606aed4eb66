import { isLongerThan } from '../domain/text.ts'

export { matches } from './space/match.ts'

/** Of any text in a packet. */
export const maximumTextBytes = 65_535

/** [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-3.3.2-2] */
export function isTopicName(topic: string): boolean {
  return isTopicText(topic) && !/[+#]/.test(topic)
}

/** [MQTT-4.7.1-1] to [MQTT-4.7.1-3] */
export function isTopicFilter(filter: string): boolean {
  if (!isTopicText(filter)) return false
  const levels = filter.split('/')
  return levels.every((level, i) => !/[+#]/.test(level) || level === '+' || (level === '#' && i === levels.length - 1))
}

export function isSharedFilter(filter: string): boolean {
  return filter.startsWith('$share/')
}

function isTopicText(text: string): boolean {
  return text !== '' && !text.includes('\0') && !isLongerThan(text, maximumTextBytes)
}

/** The ways in which a device may name a topic of its own. */
export type Spelling = 'devices' | 'v1' | 'me' | 'gateway'

/** A topic, or a filter for topics, of one device. */
export interface OwnTopic {
  /** Below the device: `telemetry`, `attributes/shared`. */
  readonly path: string
  /** Canonical: `me/…`, so that what is kept outlives a change of the token, or `v1/gateway/…` as it is. */
  readonly topic: string
  readonly spelling: Spelling
}

const spellings: readonly Spelling[] = ['devices', 'me', 'v1', 'gateway']
const canonical = 'me/'

function prefixOf(spelling: Spelling, token: string): string {
  switch (spelling) {
    case 'devices':
      return `devices/${token}/`
    case 'v1':
      return `v1/devices/${token}/`
    case 'me':
      return 'v1/devices/me/'
    case 'gateway':
      return 'v1/gateway/'
  }
}

/** Undefined: it is not this device's. A filter must name the device itself, without wildcards. */
export function ownTopic(topic: string, token: string): OwnTopic | undefined {
  for (const spelling of spellings) {
    const prefix = prefixOf(spelling, token)
    if (topic.length <= prefix.length || !topic.startsWith(prefix)) continue
    const path = topic.slice(prefix.length)
    return { path, topic: spelling === 'gateway' ? topic : canonical + path, spelling }
  }
  return undefined
}

/** A canonical topic as the client named it when it subscribed. */
export function respell(topic: string, token: string, spelling: Spelling = 'devices'): string {
  if (!topic.startsWith(canonical)) return topic
  return prefixOf(spelling === 'gateway' ? 'devices' : spelling, token) + topic.slice(canonical.length)
}
