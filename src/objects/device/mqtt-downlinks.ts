import type { DeviceId } from '../../domain/ids.ts'
import { emptyRecord } from '../../domain/telemetry.ts'
import type { Message } from '../../mqtt/space/message.ts'
import type { Downlink } from '../../services/ports.ts'
import { sharedTopic } from './mqtt-space.ts'

type Command = Extract<Downlink, { kind: 'command' }>
type Change = Extract<Downlink, { kind: 'attribute' }>

const encoder = new TextEncoder()

/** Compact: shipped firmware reads a message into 512 bytes. */
export function jsonMessage(topic: string, body: unknown): Message {
  return { topic, payload: encoder.encode(JSON.stringify(body)), qos: 1, retain: false }
}

/**
 * Shipped firmware parses a message into a pool of 512 bytes (ArduinoJson: 16 a member, and its strings) and takes each
 * member on its own: what has no room in one message comes in several. One at least.
 */
export function inPools(values: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  const parts = [emptyRecord<unknown>()]
  let left = poolBytes
  for (const [key, value] of Object.entries(values)) {
    const cost = 16 + key.length + 1 + (typeof value === 'number' || typeof value === 'boolean' ? 0 : textLength(value))
    if (cost > left && Object.keys(parts.at(-1) ?? {}).length > 0) {
      parts.push(emptyRecord<unknown>())
      left = poolBytes
    }
    left -= cost
    Object.assign(parts.at(-1) ?? {}, { [key]: value })
  }
  return parts
}

const poolBytes = 480

function textLength(value: unknown): number {
  return (JSON.stringify(value) ?? '').length
}

/**
 * Nothing but keys and values: firmware takes each member for an attribute. A deleted one is null. Under each topic
 * that firmware may listen to, one of which is retained.
 */
export function changesMessages(messages: readonly Downlink[]): Message[] {
  const changes = messages.filter((message): message is Change => message.kind === 'attribute')
  if (changes.length === 0) return []
  const body = toObject(changes)
  return [{ ...jsonMessage(sharedTopic, body), retain: true }, jsonMessage('me/attributes', body)]
}

/** One command, under each topic that firmware may listen to. */
export function commandMessages({ request, timeoutMs }: Command, childDeviceId?: DeviceId): Message[] {
  const { requestId, method, params, attempt } = request
  const child = childDeviceId === undefined ? {} : { childDeviceId }
  const body = { method, params, requestId, ...(attempt > 0 && { attempt }), ...child }
  // The object of a child would have to be told by its gateway's.
  const receipt = childDeviceId === undefined ? { receipt: requestId } : {}
  return [`me/rpc/request/${topicLevel(requestId)}`, 'me/commands'].map((topic) =>
    passing({ ...jsonMessage(topic, body), ...receipt }, timeoutMs),
  )
}

/** In ThingsBoard's form, under the child's name as its gateway knows it. */
export function childMessages(messages: readonly Downlink[], name: string): Message[] {
  const commands = messages.filter((message): message is Command => message.kind === 'command')
  const changes = messages.filter((message): message is Change => message.kind === 'attribute')
  return [
    ...commands.map(({ request: { requestId, method, params }, timeoutMs }) =>
      passing(jsonMessage('v1/gateway/rpc', { device: name, data: { id: requestId, method, params } }), timeoutMs),
    ),
    ...(changes.length > 0 ? [jsonMessage('v1/gateway/attributes', { device: name, data: toObject(changes) })] : []),
  ]
}

/** The command's own queue sends it again after this time, or gives it up. */
function passing(message: Message, ms: number): Message {
  return { ...message, properties: { messageExpiryInterval: Math.ceil(ms / 1000) } }
}

function toObject(changes: readonly Change[]): Record<string, unknown> {
  const values = emptyRecord<unknown>()
  for (const { key, value } of changes) values[key] = value
  return values
}

/** Ids come from apps: what a topic name cannot hold, or would end a level, is written as in a URL. */
function topicLevel(requestId: string): string {
  return requestId.replace(/[/+#%\0]/g, (char) => encodeURIComponent(char).replace('\0', '%00'))
}

export function fromTopicLevel(level: string): string {
  try {
    return decodeURIComponent(level)
  } catch {
    return level
  }
}
