import { toBase64 } from '../codec/base64.ts'
import { AppError, type Fault, fromFault, isPassing, toFault } from '../domain/errors.ts'
import type { NewDeviceEvent } from '../domain/events.ts'
import { limits } from '../domain/limits.ts'
import type { NetworkRoute } from '../domain/network-route.ts'
import type { Frame, Payload, Report } from '../domain/report.ts'
import type { RejectedUplink, Uplink } from '../domain/uplink.ts'
import type { AddressedDevice, WebhookCall } from '../domain/webhook.ts'
import { carry, type Message, type Receipt } from './carry.ts'
import type { PipelineContext } from './context.ts'
import { decodePayload } from './decode-payload.ts'

export interface AddressedReport extends AddressedDevice {
  readonly report: Report
}

/** What became of a report. */
export interface ReportOutcome {
  readonly report: Report
  readonly accepted: number
  readonly ignored?: string
  /** Why something of it did not become a reading. */
  readonly faults: readonly Fault[]
}

/** A report, decoded. */
interface Opened {
  readonly report: Report
  readonly uplinks: readonly Uplink[]
  readonly rejected: readonly RejectedUplink[]
  readonly events: readonly NewDeviceEvent[]
  readonly faults: readonly Fault[]
  readonly ignored?: string
}

/**
 * What one call says of one device: decode what came as bytes, carry the uplinks, tell the device's object the rest.
 * @throws AppError unavailable: all of it may be taken again, and stores nothing twice
 */
export async function takeReports(
  ctx: PipelineContext,
  call: WebhookCall,
  known: readonly [AddressedReport, ...AddressedReport[]],
): Promise<ReportOutcome[]> {
  const kept = await Promise.all(known.map((entry) => keepOne(ctx, entry)))
  const opened = kept.map((entry) => open(entry, call))
  const { message, owners } = toMessage(opened, call)
  const receipt = await carryOne(ctx, call, known[0], message)
  const outage = receipt.rejected.find(({ fault }) => isPassing(fault.code) && fault.code !== 'quota_exceeded')
  if (outage) throw fromFault(outage.fault)

  const outcomes = opened.map(({ report, faults, ignored }, i): ReportOutcome => {
    const own = <T extends { readonly index: number }>(items: readonly T[]) =>
      items.filter(({ index }) => owners[index] === i)
    const all = [...faults, ...own(receipt.rejected).map(({ fault }) => fault)]
    return { report, accepted: own(receipt.accepted).length, faults: all, ...(ignored !== undefined && { ignored }) }
  })
  await tellDevice(ctx, call, known[0], opened, outcomes)
  return outcomes
}

/** Of two copies of an uplink one is kept: its device's object knows which. */
async function keepOne({ platform }: PipelineContext, entry: AddressedReport): Promise<AddressedReport> {
  const { device, report } = entry
  if (!report.copy || !report.frame) return entry
  if (await asking(platform.device(device.deviceId).claimFrame(report.frame, report.copy))) return entry
  const { payload: _, ...rest } = report
  const ignored = 'A copy of an uplink that is taken from its other message.'
  return { ...entry, report: { ...rest, uplinks: [], rejected: [], ignored } }
}

/** @throws AppError unavailable */
async function asking<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw new AppError('unavailable', { detail: 'The device’s object does not answer.', retryAfter: 2, cause })
  }
}

function open({ report, decoder }: AddressedReport, call: WebhookCall): Opened {
  const { uplinks, rejected, events, payload, ignored } = report
  const base = { report, uplinks, rejected, events, faults: [], ...(ignored !== undefined && { ignored }) }
  if (!payload) return base
  const decoded = decodePayload(payload, decoder)
  if ('uplink' in decoded) return { ...base, uplinks: [...uplinks, decoded.uplink] }
  if ('ignored' in decoded) return { ...base, ignored: decoded.ignored }
  return { ...base, faults: [decoded.fault], events: [...events, undecoded(decoded.fault, payload, report, call)] }
}

/** The bytes are shown as they are. */
function undecoded(fault: Fault, { bytes }: Payload, { dedupeId }: Report, call: WebhookCall): NewDeviceEvent {
  return {
    kind: 'uplink_rejected',
    at: call.receivedAt,
    connector: call.connector,
    code: fault.code,
    ...(fault.reason && { reason: fault.reason }),
    detail: fault.detail,
    raw: toBase64(bytes.subarray(0, limits.eventRawBytes)),
    rawSize: bytes.length,
    contentType: 'application/octet-stream',
    ...(dedupeId !== undefined && { mark: `undecoded:${dedupeId}` }),
  }
}

/** All of it as one message; `owners`: which report the item of each place is of. */
function toMessage(opened: readonly Opened[], call: WebhookCall): { message: Message; owners: readonly number[] } {
  const owners: number[] = []
  const placed = <T>(items: readonly T[], owner: number) =>
    items.map((item) => ({ ...item, index: owners.push(owner) - 1 }))
  const uplinks = opened.flatMap((own, i) => placed(own.uplinks, i))
  const rejected = opened.flatMap((own, i) => placed(own.rejected, i))
  const key = keyOf(opened, call)
  const { receivedAt, isParked = false } = call
  const frames = framesOf(opened)
  const route = routeOf(opened)
  const marked = { ...(key !== undefined && { idempotencyKey: key }), ...(route && { route }) }
  const message = { receivedAt, uplinks, rejected, frames, isParked, ...marked }
  return { message, owners }
}

function framesOf(opened: readonly Opened[]): Frame[] {
  return opened.flatMap(({ report }) => report.frame ?? [])
}

function routeOf(opened: readonly Opened[]): NetworkRoute | undefined {
  return opened.findLast(({ report }) => report.route)?.report.route
}

/** By which a repeat is known of what has no time of its own: the server's id of it, the sender's of the call, or ours. */
function keyOf([first, ...more]: readonly Opened[], { id, request, isReplay }: WebhookCall): string | undefined {
  const dedupeId = more.length === 0 ? first?.report.dedupeId : undefined
  return dedupeId ?? (isReplay ? undefined : (request.idempotencyKey ?? id))
}

async function carryOne(
  ctx: PipelineContext,
  call: WebhookCall,
  { device }: AddressedReport,
  message: Message,
): Promise<Receipt> {
  const items = [...message.uplinks, ...message.rejected]
  if (items.length === 0) return { accepted: [], rejected: [] }
  const [outcome] = await carry(ctx, call.connector, device, [message])
  if (!(outcome instanceof AppError)) return outcome ?? { accepted: [], rejected: [] }
  const fault = toFault(outcome)
  return { accepted: [], rejected: items.map(({ index }) => ({ index, fault })) }
}

/** What happened to it, and that it was there where no reading shows that. */
async function tellDevice(
  { platform }: PipelineContext,
  { receivedAt }: WebhookCall,
  { device }: AddressedReport,
  opened: readonly Opened[],
  outcomes: readonly ReportOutcome[],
): Promise<void> {
  const events = opened.flatMap((own) => own.events)
  const downlinks = opened.flatMap(({ report }) => report.downlinks ?? [])
  const isHeard = opened.some(({ report }) => report.isHeard) && outcomes.every(({ accepted }) => accepted === 0)
  const link = platform.device(device.deviceId)
  const route = routeOf(opened)
  if (events.length > 0) await asking(link.recordEvents(events))
  if (downlinks.length > 0) await asking(link.downlinksHeard(downlinks))
  if (isHeard) {
    await asking(link.observe({ device, receivedAt, frames: framesOf(opened), ...(route && { route }) }))
  }
}
