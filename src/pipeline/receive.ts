import { toBase64 } from '../codec/base64.ts'
import type { Connector } from '../connectors/connector.ts'
import { AppError, isPassing } from '../domain/errors.ts'
import type { NewDeviceEvent } from '../domain/events.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { AuthorisedUplink, RawUplink, RejectedUplink, Uplink } from '../domain/uplink.ts'
import { log } from '../log.ts'
import { authorise } from './authorise.ts'
import type { PipelineContext } from './context.ts'
import { type Ingested, ingest } from './ingest.ts'
import { normalise } from './normalise.ts'

export type Receipt = Ingested & { readonly ignored?: string }

/**
 * The one road: normalise → authorise → ingest. What cannot become a reading is shown in the speaker's
 * events with its raw bytes and the reason, before anything is answered.
 * @throws AppError where the message as a whole cannot be read.
 */
export async function receive(
  ctx: PipelineContext,
  connector: Connector,
  speaker: DeviceIdentity,
  raw: RawUplink,
): Promise<Receipt> {
  const read = await reading(ctx, connector, speaker, raw)
  if ('ignored' in read) return { accepted: [], rejected: [], ignored: read.ignored }

  const allowed = await authorise(ctx, speaker, read.uplinks)
  await ctx.limit(speaker, childrenOf(speaker, allowed.uplinks), isBacklog(read.uplinks, raw.receivedAt))
  const stored = await ingest(ctx.platform, speaker, allowed.uplinks, {
    connector: connector.id,
    receivedAt: raw.receivedAt,
    ...(raw.idempotencyKey !== undefined && {
      idempotencyKey: raw.idempotencyKey,
    }),
  })

  const rejected = [...read.rejected, ...allowed.rejected, ...stored.rejected].sort((a, b) => a.index - b.index)
  const taken = new Set(stored.accepted.map(({ index }) => index))
  const corrected = allowed.uplinks.filter(
    ({ index, correctedClock }) => correctedClock !== undefined && taken.has(index),
  )
  try {
    await recordTroubles(ctx, connector, speaker, raw, rejected, corrected)
  } catch (error) {
    // What is committed is acknowledged: its sender must not send it again for an event's sake.
    log('warn', 'events_not_recorded', { device_id: speaker.deviceId, error })
  }
  return { accepted: stored.accepted, rejected }
}

async function reading(ctx: PipelineContext, connector: Connector, speaker: DeviceIdentity, raw: RawUplink) {
  try {
    return normalise(connector, raw)
  } catch (error) {
    if (error instanceof AppError) await refuse(ctx, connector, speaker, raw, error)
    throw error
  }
}

function childrenOf(speaker: DeviceIdentity, uplinks: readonly AuthorisedUplink[]): DeviceIdentity[] {
  const children = new Map<string, DeviceIdentity>()
  for (const { device } of uplinks) if (device.deviceId !== speaker.deviceId) children.set(device.deviceId, device)
  return [...children.values()]
}

/**
 * A whole message that could not be read. It counts against the limit as well: garbage is no cheaper than a
 * reading. Doors call it too, for what they refuse unread.
 */
export async function refuse(
  ctx: PipelineContext,
  connector: Connector,
  speaker: DeviceIdentity,
  raw: RawUplink,
  error: AppError,
): Promise<void> {
  await ctx.limit(speaker, [], false)
  await recordRejection(ctx, connector, speaker, raw, error)
}

function isBacklog(uplinks: readonly Uplink[], now: number): boolean {
  return uplinks.length > 0 && uplinks.every(({ ts }) => ts !== undefined && ts < now - limits.backlogAgeMs)
}

async function recordRejection(
  ctx: PipelineContext,
  connector: Connector,
  speaker: DeviceIdentity,
  raw: RawUplink,
  error: AppError,
): Promise<void> {
  if (isPassing(error.code)) return
  const bytes = 'bytes' in raw.body ? raw.body.bytes : new TextEncoder().encode(JSON.stringify(raw.body.value))
  const event: NewDeviceEvent = {
    kind: 'uplink_rejected',
    at: raw.receivedAt,
    connector: connector.id,
    code: error.code,
    ...(error.reason && { reason: error.reason }),
    detail: error.detail,
    raw: toBase64(bytes.subarray(0, limits.eventRawBytes)),
    rawSize: bytes.length,
    ...('bytes' in raw.body && { contentType: raw.body.contentType }),
  }
  await ctx.platform.device(speaker.deviceId).recordEvents([event])
}

async function recordTroubles(
  ctx: PipelineContext,
  connector: Connector,
  speaker: DeviceIdentity,
  raw: RawUplink,
  rejected: readonly RejectedUplink[],
  uplinks: readonly AuthorisedUplink[],
): Promise<void> {
  const events = new Map<DeviceIdentity['deviceId'], NewDeviceEvent[]>()
  const add = (device: DeviceIdentity, event: NewDeviceEvent) => {
    const list = events.get(device.deviceId)
    if (list) list.push(event)
    else events.set(device.deviceId, [event])
  }
  const base = { at: raw.receivedAt, connector: connector.id }
  for (const { fault, raw: text = '', index } of rejected) {
    if (isPassing(fault.code)) continue
    const bytes = new TextEncoder().encode(text)
    add(speaker, {
      ...base,
      kind: 'uplink_rejected',
      code: fault.code,
      ...(fault.reason && { reason: fault.reason }),
      detail: `Item ${index}: ${fault.detail}`,
      raw: toBase64(bytes.subarray(0, limits.eventRawBytes)),
      rawSize: bytes.length,
      contentType: 'application/json',
    })
  }
  for (const { device, correctedClock } of uplinks) {
    const detail = `The reading's time ${correctedClock} cannot be right; it is kept under its arrival time.`
    add(device, { ...base, kind: 'clock_corrected', detail })
  }
  await Promise.all([...events].map(([deviceId, list]) => ctx.platform.device(deviceId).recordEvents(list)))
}
