import { decodeText, parseJson } from '../../codec/json.ts'
import { mqtt } from '../../connectors/mqtt.ts'
import { isObject } from '../../connectors/native-document.ts'
import { readAttributeChanges } from '../../domain/attribute.ts'
import { isTooDeep } from '../../domain/command.ts'
import { AppError, fromFault } from '../../domain/errors.ts'
import type { DeviceId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { emptyRecord } from '../../domain/telemetry.ts'
import type { Outcome } from '../../mqtt/connection/ports.ts'
import { reasons } from '../../mqtt/reason-codes.ts'
import type { Message } from '../../mqtt/space/message.ts'
import { childOrSelf } from '../../pipeline/authorise.ts'
import { refuse } from '../../pipeline/receive.ts'
import { toAppError } from '../../services/to-app-error.ts'
import { connectorOf, faultOutcome, receiveUplinks, type UplinkContext } from '../broker/uplinks.ts'
import { fromTopicLevel, inPools, jsonMessage } from './mqtt-downlinks.ts'
import { sharedTopic } from './mqtt-space.ts'
import type { WillRepeat } from './mqtt-wills.ts'

export interface TopicsHost {
  readonly uplinks: UplinkContext
  heard(device: DeviceIdentity): void
  /** Plain publish and subscribe. False: there was no room to retain it. */
  publish(message: Message, from?: string): boolean
  /** To those who are there. */
  tell(message: Message): void
  /** A gateway names a child: so it is told of it under this name. */
  nameChild(child: DeviceId, name: string): void
  now(): number
}

type Handler = (host: TopicsHost, device: DeviceIdentity, message: Message, rest: string) => Promise<void>

/** By canonical topic; one that ends with a slash takes whatever follows, as `rest`. What stands here is published to nobody. */
const handlers: readonly (readonly [topic: string, handle: Handler])[] = [
  ['me/attributes/client', saveAttributes],
  ['me/attributes', saveAttributes],
  ['me/attributes/request/', answerAttributes],
  ['me/attributes/shared/request', answerShared],
  ['me/rpc/response/', answerCommand],
  ['v1/gateway/connect', connectChild],
  ['v1/gateway/disconnect', disconnectChild],
  ['v1/gateway/attributes', saveChildAttributes],
  ['v1/gateway/rpc', answerForChild],
]

/** A message of the device's client, or the will of one: what it means here, or else plain publish and subscribe. */
export async function takeMessage(
  host: TopicsHost,
  device: DeviceIdentity,
  message: Message,
  { from, repeat }: { readonly from?: string; readonly repeat?: WillRepeat } = {},
): Promise<Outcome> {
  const found = handlers.find(([topic]) =>
    topic.endsWith('/') ? message.topic.startsWith(topic) : message.topic === topic,
  )
  const connector = connectorOf(message)
  if (connector) {
    const [outcome = 'done'] = await receiveUplinks(
      host.uplinks,
      connector,
      device,
      [{ ...message, ...repeat }],
      'will',
      host.now(),
    )
    return outcome
  }
  host.heard(device)
  if (message.topic === sharedTopic) {
    return {
      reasonCode: reasons.notAuthorized,
      reason: 'Only the service publishes here: what is desired of the device.',
    }
  }
  if (!found) {
    if (host.publish(message, from)) return 'done'
    return { reasonCode: reasons.quotaExceeded, reason: 'There is no room for another retained message.' }
  }
  const [topic, handle] = found
  try {
    await handle(host, device, message, message.topic.slice(topic.length))
    return 'done'
  } catch (thrown) {
    return refused(host, device, message, toAppError(thrown))
  }
}

/** A lasting fault is shown in the device's events. */
async function refused(host: TopicsHost, device: DeviceIdentity, message: Message, error: AppError): Promise<Outcome> {
  const body = { bytes: message.payload, contentType: 'application/json' }
  const raw = { principal: { kind: 'device', device }, body, receivedAt: host.now() } as const
  try {
    await refuse(host.uplinks, mqtt, device, raw, error)
  } catch (thrown) {
    return faultOutcome(toAppError(thrown))
  }
  return faultOutcome(error)
}

async function saveAttributes({ uplinks }: TopicsHost, device: DeviceIdentity, message: Message): Promise<void> {
  const document = readJson(message)
  const { childDeviceId, ...rest } = isObject(document) ? document : {}
  if (childDeviceId === undefined) return save(uplinks, device, document)
  const child = await childOrSelf(uplinks, device, String(childDeviceId))
  await save(uplinks, child, isObject(rest.attributes) && Object.keys(rest).length === 1 ? rest.attributes : rest)
}

async function save({ platform }: UplinkContext, device: DeviceIdentity, document: unknown): Promise<void> {
  const changes = readAttributeChanges(document)
  const fault = await platform.device(device.deviceId).saveAttributes(device, 'client', changes, 'device')
  if (fault) throw fromFault(fault)
}

/** Flat, and nothing but what was asked for; `requestId` is not repeated, since firmware takes each member for an attribute. */
async function answerShared(host: TopicsHost, device: DeviceIdentity, message: Message): Promise<void> {
  const keys = wantedKeys(message.payload.length === 0 ? {} : readJson(message))
  const values = emptyRecord<unknown>()
  const all = await host.uplinks.platform.device(device.deviceId).attributes(device, ['shared'], 'device')
  for (const { key, value } of all) if (!keys || keys.includes(key)) values[key] = value
  for (const part of inPools(values)) host.tell(jsonMessage('me/attributes/shared/response', part))
}

/** `keys`, or `sharedKeys` of the oldest firmware. None: all. */
function wantedKeys(document: unknown): readonly string[] | undefined {
  const { keys, sharedKeys } = isObject(document) ? document : {}
  return keyList(keys ?? sharedKeys)
}

/** Text with commas, or a list. Undefined: it names none. */
function keyList(wanted: unknown): readonly string[] | undefined {
  const list = typeof wanted === 'string' ? wanted.split(',') : Array.isArray(wanted) ? wanted.map(String) : []
  const named = list.map((key) => key.trim()).filter((key) => key !== '')
  return named.length > 0 ? named : undefined
}

/** In ThingsBoard's form: the scopes whose keys are named; all of both where none is. */
async function answerAttributes(host: TopicsHost, device: DeviceIdentity, message: Message, id: string): Promise<void> {
  const document = message.payload.length === 0 ? {} : readJson(message)
  const { clientKeys, sharedKeys } = isObject(document) ? document : {}
  const wanted = { client: keyList(clientKeys), shared: keyList(sharedKeys) }
  const isAnyNamed = Boolean(wanted.client ?? wanted.shared)
  const scopes = (['client', 'shared'] as const).filter((scope) => !isAnyNamed || wanted[scope])
  const all = await host.uplinks.platform.device(device.deviceId).attributes(device, scopes, 'device')
  const body = scopes.map((scope) => {
    const values = emptyRecord<unknown>()
    for (const it of all) if (it.scope === scope && (wanted[scope]?.includes(it.key) ?? true)) values[it.key] = it.value
    return [scope, values] as const
  })
  host.tell(jsonMessage(`me/attributes/response/${id}`, Object.fromEntries(body)))
}

async function answerCommand(
  { uplinks, now }: TopicsHost,
  device: DeviceIdentity,
  message: Message,
  rest: string,
): Promise<void> {
  const body = message.payload.length === 0 ? {} : readJson(message)
  const { childDeviceId, ...answer } = isObject(body) ? body : {}
  const isForChild = typeof childDeviceId === 'string' && device.isGateway
  const subject = isForChild ? await childOrSelf(uplinks, device, childDeviceId) : device
  await giveAnswer(uplinks, subject, fromTopicLevel(rest), isForChild ? answer : body, now())
}

async function giveAnswer(
  { platform }: UplinkContext,
  device: DeviceIdentity,
  requestId: string,
  body: unknown,
  at: number,
): Promise<void> {
  if (isTooDeep(body, limits.codecDepth)) {
    throw new AppError('validation_rejected', { reason: 'too_deep', detail: 'The answer is nested too deeply.' })
  }
  await platform.device(device.deviceId).answerCommand(device, { requestId, body, at })
}

async function connectChild(host: TopicsHost, gateway: DeviceIdentity, message: Message): Promise<void> {
  const name = childName(readJson(message))
  const child = await childNamed(host, gateway, name)
  host.nameChild(child.deviceId, name)
  await host.uplinks.platform.device(child.deviceId).observe({ device: child, receivedAt: host.now() })
}

/** Nothing follows from it: a child that is silent is inactive after its timeout. */
async function disconnectChild(host: TopicsHost, gateway: DeviceIdentity, message: Message): Promise<void> {
  await childNamed(host, gateway, childName(readJson(message)))
}

async function saveChildAttributes(host: TopicsHost, gateway: DeviceIdentity, message: Message): Promise<void> {
  const document = readJson(message)
  if (!isObject(document)) return void readAttributeChanges(document)
  for (const [name, attributes] of Object.entries(document)) {
    await save(host.uplinks, await childNamed(host, gateway, name), attributes)
  }
}

async function answerForChild(host: TopicsHost, gateway: DeviceIdentity, message: Message): Promise<void> {
  const document = readJson(message)
  const { id, data } = isObject(document) ? document : {}
  if (typeof id !== 'string' && typeof id !== 'number') {
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail: '"id" names the command.' })
  }
  const child = await childNamed(host, gateway, childName(document))
  await giveAnswer(host.uplinks, child, String(id), data, host.now())
}

function childName(document: unknown): string {
  const { device } = isObject(document) ? document : {}
  if (typeof device === 'string' && device !== '') return device
  throw new AppError('validation_rejected', { reason: 'field_invalid', detail: '"device" names a child.' })
}

/** By its name, or by its id. @throws AppError child_not_found, forbidden */
async function childNamed({ uplinks }: TopicsHost, gateway: DeviceIdentity, name: string): Promise<DeviceIdentity> {
  const ids = gateway.isGateway ? await uplinks.findChildrenByName(gateway, [name]) : new Map<string, DeviceId>()
  return childOrSelf(uplinks, gateway, ids.get(name) ?? name)
}

function readJson({ payload }: Message): unknown {
  return parseJson(decodeText(payload))
}
