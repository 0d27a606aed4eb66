import { codecFor } from '../../codec/codec-for.ts'
import type { DeviceConnector } from '../../connectors/connector.ts'
import { mqtt } from '../../connectors/mqtt.ts'
import { mqttGateway } from '../../connectors/mqtt-gateway.ts'
import { isObject } from '../../connectors/native-document.ts'
import { AppError, isPassing, toFault } from '../../domain/errors.ts'
import type { DeviceId } from '../../domain/ids.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { emptyRecord } from '../../domain/telemetry.ts'
import type { RawUplink } from '../../domain/uplink.ts'
import type { Inbound, Outcome } from '../../mqtt/connection/ports.ts'
import { reasons } from '../../mqtt/reason-codes.ts'
import type { Message } from '../../mqtt/space/message.ts'
import type { PipelineContext } from '../../pipeline/context.ts'
import { wholeFault } from '../../pipeline/ingest.ts'
import { type Receipt, receiveAll } from '../../pipeline/receive.ts'

export interface UplinkContext extends PipelineContext {
  /** The gateway's children with these names. */
  findChildrenByName(gateway: DeviceIdentity, names: readonly string[]): Promise<ReadonlyMap<string, DeviceId>>
}

/** By canonical topic: what goes down the one road. */
const telemetryTopics: ReadonlyMap<string, DeviceConnector> = new Map<string, DeviceConnector>([
  ['me/telemetry', mqtt],
  ['v1/gateway/telemetry', mqttGateway],
])

export function connectorOf({ topic }: Message): DeviceConnector | undefined {
  return telemetryTopics.get(topic)
}

/** Readings of one connector that one client has in hand, in one call. `mark`: of the client, for repeats. */
export async function receiveUplinks(
  ctx: UplinkContext,
  connector: DeviceConnector,
  device: DeviceIdentity,
  messages: readonly (Message & Partial<Pick<Inbound, 'packetId' | 'isDup'>>)[],
  mark: string,
  receivedAt: number,
): Promise<Outcome[]> {
  const raws: RawUplink[] = []
  for (const message of messages) {
    raws.push({
      principal: { kind: 'device', device },
      body: connector === mqttGateway ? await named(ctx, device, message) : bodyOf(message),
      receivedAt,
      ...(message.packetId !== undefined && {
        repeatMark: `${mark}.${message.packetId}`,
        ...(!message.isDup && { isFirst: true as const }),
      }),
    })
  }
  const outcomes = await receiveAll(ctx, connector, device, raws)
  return outcomes.map(toOutcome)
}

function bodyOf({ payload, properties }: Message) {
  const { contentType = '' } = properties ?? {}
  return { bytes: payload, contentType: codecFor(contentType) ? contentType : 'application/json' }
}

/** ThingsBoard gateways name their children; the road knows ids. What cannot be read is left to the road to refuse. */
async function named(ctx: UplinkContext, gateway: DeviceIdentity, message: Message): Promise<RawUplink['body']> {
  const body = bodyOf(message)
  const document = readOrNothing(body)
  if (!isObject(document) || !gateway.isGateway) return body
  const ids = await ctx.findChildrenByName(gateway, Object.keys(document))
  const value = emptyRecord<unknown[]>()
  for (const [name, readings] of Object.entries(document)) {
    const id = ids.get(name) ?? name
    value[id] = [...(value[id] ?? []), readings].flat()
  }
  return { value }
}

function readOrNothing({ bytes, contentType }: ReturnType<typeof bodyOf>): unknown {
  try {
    return codecFor(contentType)?.decode(bytes)
  } catch {
    return undefined
  }
}

function toOutcome(outcome: Receipt | AppError): Outcome {
  if (outcome instanceof AppError) return faultOutcome(outcome)
  const fault = wholeFault(outcome)
  return fault ? faultOutcome(fault) : 'done'
}

/** A lasting fault ends the message; a passing one leaves it with the client. */
export function faultOutcome(error: AppError): Outcome {
  if (isPassing(error.code)) return { passing: toFault(error) }
  return { reasonCode: error.kind.mqtt5 ?? reasons.unspecified, reason: error.detail }
}
