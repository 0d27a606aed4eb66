import type { WebhookConnector, WebhookMeta } from '../connectors/connector.ts'
import { AppError } from '../domain/errors.ts'
import type { DeviceAddress, Report, WebhookSettings } from '../domain/report.ts'
import type { AddressedDevice, WebhookCall } from '../domain/webhook.ts'
import type { PipelineContext } from './context.ts'
import { type AddressedReport, type ReportOutcome, takeReports } from './take-reports.ts'

/** Whose devices they are, and what is done about strangers. */
export interface WebhookPipeline extends PipelineContext {
  /** The tenant's own device of each address, in order. */
  findDevices(addresses: readonly DeviceAddress[]): Promise<(AddressedDevice | undefined)[]>
  /** A device that nobody knows, made; undefined where it is not to be. */
  adopt(address: DeviceAddress): Promise<AddressedDevice | undefined>
}

/**
 * The one road for what a tenant's server says: read, find the devices, then the road of each device.
 * @throws AppError where the body cannot be read, or a part of the service does not answer.
 */
export async function receiveWebhook(
  ctx: WebhookPipeline,
  connector: WebhookConnector,
  call: WebhookCall,
  value: unknown,
  meta: Pick<WebhookMeta, 'digest' | 'settings'>,
): Promise<ReportOutcome[]> {
  const reports = read(connector, value, { ...call.request, ...meta, receivedAt: call.receivedAt })
  const devices = await ctx.findDevices(reports.map(({ address }) => address))
  const known: AddressedReport[] = []
  const strangers: ReportOutcome[] = []
  for (const [i, report] of reports.entries()) {
    const device = devices[i] ?? (isNamed(report.address) ? await ctx.adopt(report.address) : undefined)
    if (device) known.push({ report, ...device })
    else strangers.push(toStranger(report, meta.settings))
  }
  const taken = await Promise.all(byDevice(known).map((own) => takeReports(ctx, call, own)))
  return [...strangers, ...taken.flat()].toSorted((a, b) => a.report.index - b.report.index)
}

/** A body may be nested so deeply that walking it ends the stack. */
function read(connector: WebhookConnector, value: unknown, meta: WebhookMeta): readonly Report[] {
  try {
    return connector.read(value, meta)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new AppError('validation_rejected', { reason: 'too_deep', detail: 'The body is nested too deeply.', cause })
  }
}

function isNamed({ deviceToken, devEui, externalId, alias }: DeviceAddress): boolean {
  return (deviceToken ?? devEui ?? externalId ?? alias) !== undefined
}

function toStranger(report: Report, { unknownDevices }: WebhookSettings): ReportOutcome {
  const { address } = report
  if (!isNamed(address)) {
    const detail = 'The body names no device, and neither does the URL.'
    return { report, accepted: 0, faults: [{ code: 'validation_rejected', reason: 'device_unnamed', detail }] }
  }
  const called = address.name === undefined ? '' : ` ("${address.name.slice(0, 100)}")`
  const named = address.devEui ? `DevEUI ${address.devEui}` : (address.alias?.slice(0, 200) ?? 'token that was sent')
  const detail = `No device of the tenant has the ${named}${called}.`
  if (unknownDevices === 'refuse') return { report, accepted: 0, ignored: detail, faults: [] }
  return { report, accepted: 0, faults: [{ code: 'device_not_found', reason: 'unknown_device', detail }] }
}

function byDevice(known: readonly AddressedReport[]): [AddressedReport, ...AddressedReport[]][] {
  const groups = new Map<string, [AddressedReport, ...AddressedReport[]]>()
  for (const entry of known) {
    const group = groups.get(entry.device.deviceId)
    if (group) group.push(entry)
    else groups.set(entry.device.deviceId, [entry])
  }
  return [...groups.values()]
}
