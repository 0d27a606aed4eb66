import { toBase64 } from '../codec/base64.ts'
import { type AppError, type Fault, isPassing } from '../domain/errors.ts'
import type { NewDeviceEvent } from '../domain/events.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { AuthorisedUplink, RawUplink, RejectedUplink } from '../domain/uplink.ts'
import type { Platform } from '../services/ports.ts'

export interface EventBase {
  readonly platform: Platform
  readonly connector: string
  readonly speaker: DeviceIdentity
  readonly at: number
}

/** A message that could not be read at all, in the speaker's events. A passing fault is none: it is sent again. */
export async function recordRefusal(base: EventBase, body: RawUplink['body'], error: AppError): Promise<void> {
  if (isPassing(error.code)) return
  const bytes = 'bytes' in body ? body.bytes : new TextEncoder().encode(JSON.stringify(body.value))
  const contentType = 'bytes' in body ? body.contentType : 'application/json'
  await base.platform.device(base.speaker.deviceId).recordEvents([rejection(base, error, bytes, contentType)])
}

/** Items that were refused, message by message, in the speaker's events; corrected clocks in their devices'. */
export async function recordTroubles(
  base: EventBase,
  rejected: readonly (readonly RejectedUplink[])[],
  corrected: readonly AuthorisedUplink[],
): Promise<void> {
  const events = new Map<DeviceIdentity['deviceId'], NewDeviceEvent[]>()
  const add = ({ deviceId }: DeviceIdentity, event: NewDeviceEvent) =>
    events.set(deviceId, [...(events.get(deviceId) ?? []), event])
  for (const items of rejected) for (const event of foldAlike(base, items)) add(base.speaker, event)
  for (const { device, correctedClock } of corrected) {
    const detail = `The reading's time ${correctedClock} cannot be right; it is kept under its arrival time.`
    add(device, { kind: 'clock_corrected', at: base.at, connector: base.connector, detail })
  }
  await Promise.all([...events].map(([deviceId, list]) => base.platform.device(deviceId).recordEvents(list)))
}

/** One event for all items of a message with one fault: a hundred must not push everything else out of the list. */
function foldAlike(base: EventBase, rejected: readonly RejectedUplink[]): NewDeviceEvent[] {
  const groups = new Map<string, RejectedUplink[]>()
  for (const item of rejected) {
    const { code, reason } = item.fault
    if (!isPassing(code)) groups.set(`${code} ${reason}`, [...(groups.get(`${code} ${reason}`) ?? []), item])
  }
  return [...groups.values()].map((items) => {
    const [{ fault, raw = '' }] = items as [RejectedUplink]
    const detail = `${nameItems(items)}: ${fault.detail}`
    return rejection(base, { ...fault, detail }, new TextEncoder().encode(raw), 'application/json')
  })
}

function nameItems(items: readonly RejectedUplink[]): string {
  const named = items.slice(0, 10).map(({ index }) => index)
  const more = items.length > named.length ? ` and ${items.length - named.length} more` : ''
  return items.length === 1 ? `Item ${named[0]}` : `Items ${named.join(', ')}${more}`
}

function rejection(
  { at, connector }: EventBase,
  { code, reason, detail }: Pick<Fault, 'code' | 'detail'> & { readonly reason?: Fault['reason'] | undefined },
  bytes: Uint8Array,
  contentType: string,
): NewDeviceEvent {
  return {
    kind: 'uplink_rejected',
    at,
    connector,
    code,
    ...(reason && { reason }),
    detail,
    raw: toBase64(bytes.subarray(0, limits.eventRawBytes)),
    rawSize: bytes.length,
    contentType,
  }
}
