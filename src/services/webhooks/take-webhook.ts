import { codecFor } from '../../codec/codec-for.ts'
import type { WebhookConnector } from '../../connectors/connector.ts'
import { connectors } from '../../connectors/index.ts'
import { digestBytes } from '../../domain/digest.ts'
import { AppError, type Fault, toFault } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import type { WebhookSettings } from '../../domain/report.ts'
import type { WebhookAnswer, WebhookCall } from '../../domain/webhook.ts'
import { log } from '../../log.ts'
import { receiveWebhook } from '../../pipeline/receive-webhook.ts'
import type { ReportOutcome } from '../../pipeline/take-reports.ts'
import { toAppError } from '../to-app-error.ts'
import type { WebhookContext } from './context.ts'
import { isBinary } from './is-binary.ts'
import { webhookPipeline } from './webhook-pipeline.ts'

export interface TakenWebhook {
  readonly outcomes: readonly ReportOutcome[]
  /** Why the body as a whole could not be read. */
  readonly fault?: Fault
}

/**
 * One call down the one road. What lasts is told, not thrown: nobody would send the body again.
 * @throws AppError unavailable, migrations_pending: the call may be taken again as it is
 */
export async function takeWebhook(
  ctx: WebhookContext,
  tenantId: TenantId,
  settings: WebhookSettings,
  call: WebhookCall,
): Promise<TakenWebhook> {
  const connector = webhookConnector(call.connector)
  try {
    const value = decodeBody(connector, call)
    const meta = { settings, digest: digestBytes(call.bytes) }
    return { outcomes: await receiveWebhook(webhookPipeline(ctx, tenantId, settings), connector, call, value, meta) }
  } catch (thrown) {
    const error = toAppError(thrown)
    if (error.code === 'unavailable' || error.code === 'migrations_pending') throw error
    if (error.code === 'internal') log('error', 'webhook_failed', { connector: call.connector, cause: error.cause })
    return { outcomes: [], fault: toFault(error) }
  }
}

export function webhookConnector(id: string): WebhookConnector {
  const found = connectors.find((connector) => connector.id === id)
  if (found?.speaker === 'tenant_secret') return found
  throw new AppError('not_found', { detail: 'There is no such webhook.' })
}

const json = 'application/json'
const openBrace = 0x7b
const openBracket = 0x5b

/** JSON whatever it is called, CBOR where it is called so and the connector takes it. @throws AppError */
export function decodeBody(
  connector: WebhookConnector,
  { bytes, request }: Pick<WebhookCall, 'bytes' | 'request'>,
): unknown {
  const codec = codecFor(request.contentType)
  const isTaken = codec?.contentTypes.some((type) => connector.contentTypes.includes(type))
  if (codec && isTaken) return codec.decode(bytes)
  const first = bytes.find((byte) => byte > 0x20)
  const isText = (first === openBrace || first === openBracket) && !isBinary(bytes)
  if (!isText && /octet-stream|protobuf/i.test(request.contentType)) {
    const detail = `This is a protobuf body: switch the integration in ${connector.title} to JSON.`
    throw new AppError('payload_malformed', { reason: 'protobuf_body', detail })
  }
  return codecFor(json)?.decode(bytes)
}

/** The tenants that a body names itself: `tenantId`, reserved in every one of them. */
export function tenantsNamed(connector: WebhookConnector, call: Pick<WebhookCall, 'bytes' | 'request'>): string[] {
  try {
    return [decodeBody(connector, call)].flat().flatMap((item: unknown) => {
      if (typeof item !== 'object' || item === null || !('tenantId' in item)) return []
      return typeof item.tenantId === 'string' ? [item.tenantId.trim().toLowerCase()] : []
    })
  } catch {
    return []
  }
}

export function summarise({ outcomes, fault }: TakenWebhook): WebhookAnswer {
  const count = (of: (outcome: ReportOutcome) => unknown) => outcomes.filter((outcome) => of(outcome)).length
  const accepted = outcomes.reduce((sum, outcome) => sum + outcome.accepted, 0)
  const events = outcomes.reduce(
    (sum, { report, faults }) => sum + (faults.some(isStranger) ? 0 : report.events.length),
    0,
  )
  const ignored = count((outcome) => outcome.ignored !== undefined && outcome.faults.length === 0)
  const inboxed = fault ? 1 : count(({ faults }) => faults.length > 0)
  const [first] = fault ? [fault] : outcomes.flatMap(({ faults }) => faults)
  const passedOver = outcomes.find((outcome) => outcome.ignored !== undefined)?.ignored
  const detail = first?.detail ?? passedOver ?? (accepted > 0 ? 'Stored.' : 'Kept among the events of the device.')
  return {
    success: true,
    accepted,
    ...(events > 0 && { events }),
    ...(ignored > 0 && { ignored }),
    ...(inboxed > 0 && { inboxed }),
    detail,
  }
}

function isStranger({ reason }: Fault): boolean {
  return reason === 'unknown_device' || reason === 'device_unnamed'
}
