import type { Connector } from '../connectors/connector.ts'
import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { AuthorisedUplink, RawUplink, RejectedUplink, Uplink } from '../domain/uplink.ts'
import { log } from '../log.ts'
import { authorise } from './authorise.ts'
import type { PipelineContext } from './context.ts'
import { type Accepted, type Ingested, ingest } from './ingest.ts'
import { normalise } from './normalise.ts'
import { recordRefusal, recordTroubles } from './record-events.ts'

export type Receipt = Ingested & { readonly ignored?: string }

/** @throws AppError where the message as a whole cannot be taken. */
export async function receive(
  ctx: PipelineContext,
  connector: Connector,
  speaker: DeviceIdentity,
  raw: RawUplink,
): Promise<Receipt> {
  const [outcome] = await receiveAll(ctx, connector, speaker, [raw])
  if (outcome instanceof AppError) throw outcome
  return outcome as Receipt
}

/** A message on the road. `from`: the place of its first uplink among those of all messages. */
interface Message {
  readonly raw: RawUplink
  readonly uplinks: readonly Uplink[]
  readonly rejected: readonly RejectedUplink[]
  readonly from: number
  readonly ignored?: string
  readonly fault?: AppError
}

/**
 * The one road: normalise → authorise → ingest, for what one speaker has in hand: one append a lane and one
 * observe a device for all of it. What cannot become a reading is shown in the speaker's events with its raw
 * bytes and the reason, before anything is answered. An outcome for each message, in order.
 */
export async function receiveAll(
  ctx: PipelineContext,
  connector: Connector,
  speaker: DeviceIdentity,
  raws: readonly RawUplink[],
): Promise<(Receipt | AppError)[]> {
  const read = await readMessages(ctx, connector, speaker, raws)
  const numbered = read.flatMap(({ uplinks, from }) => uplinks.map((uplink, i) => ({ ...uplink, index: from + i })))
  const allowed = await authorise(ctx, speaker, numbered)
  const byPlace = new Map(allowed.uplinks.map((uplink) => [uplink.index, uplink]))
  const messages = await Promise.all(read.map((message) => limited(ctx, speaker, message, byPlace)))

  const refused = new Set(messages.filter(({ fault }) => fault).flatMap(places))
  const uplinks = allowed.uplinks.filter(({ index }) => !refused.has(index))
  const [first] = raws
  const stored = await ingest(ctx.platform, speaker, uplinks, {
    receivedAt: first?.receivedAt ?? 0,
    ...(raws.length === 1 && first?.idempotencyKey !== undefined && { idempotencyKey: first.idempotencyKey }),
  })

  const rejected = new Map([...allowed.rejected, ...stored.rejected].map((item) => [item.index, item]))
  const accepted = new Map(stored.accepted.map((item) => [item.index, item]))
  const outcomes = messages.map((message) => message.fault ?? toReceipt(message, accepted, rejected))
  const corrected = uplinks.filter(({ index, correctedClock }) => correctedClock !== undefined && accepted.has(index))
  try {
    const base = { platform: ctx.platform, connector: connector.id, speaker, at: first?.receivedAt ?? 0 }
    const troubles = outcomes.map((outcome) => (outcome instanceof AppError ? [] : outcome.rejected))
    await recordTroubles(base, troubles, corrected)
  } catch (error) {
    // What is committed is acknowledged: its sender must not send it again for an event's sake.
    log('warn', 'events_not_recorded', { device_id: speaker.deviceId, error })
  }
  return outcomes
}

async function readMessages(
  ctx: PipelineContext,
  connector: Connector,
  speaker: DeviceIdentity,
  raws: readonly RawUplink[],
): Promise<Message[]> {
  const messages: Message[] = []
  let from = 0
  for (const raw of raws) {
    const message = { raw, from, ...(await readOne(ctx, connector, speaker, raw)) }
    messages.push(message)
    from += message.uplinks.length
  }
  return messages
}

async function readOne(ctx: PipelineContext, connector: Connector, speaker: DeviceIdentity, raw: RawUplink) {
  const none = { uplinks: [], rejected: [] }
  try {
    const read = normalise(connector, raw)
    return 'ignored' in read ? { ...none, ignored: read.ignored } : { ...read, uplinks: marked(read.uplinks, raw) }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { ...none, fault: await refused(ctx, connector, speaker, raw, error) }
  }
}

function marked(uplinks: readonly Uplink[], { repeatMark }: RawUplink): readonly Uplink[] {
  if (repeatMark === undefined) return uplinks
  return uplinks.map((uplink) => ({ ...uplink, mark: `${repeatMark}:${uplink.index}` }))
}

async function refused(...args: Parameters<typeof refuse>): Promise<AppError> {
  try {
    await refuse(...args)
    return args[4]
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
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
  await recordRefusal({ platform: ctx.platform, connector: connector.id, speaker, at: raw.receivedAt }, raw.body, error)
}

async function limited(
  ctx: PipelineContext,
  speaker: DeviceIdentity,
  message: Message,
  allowed: ReadonlyMap<number, AuthorisedUplink>,
): Promise<Message> {
  if (message.fault || message.ignored !== undefined) return message
  const children = childrenOf(
    speaker,
    places(message).flatMap((place) => allowed.get(place) ?? []),
  )
  try {
    await ctx.limit(speaker, children, isBacklog(message.uplinks, message.raw.receivedAt))
    return message
  } catch (error) {
    if (error instanceof AppError) return { ...message, fault: error }
    throw error
  }
}

function places({ uplinks, from }: Message): number[] {
  return uplinks.map((_, i) => from + i)
}

function childrenOf(speaker: DeviceIdentity, uplinks: readonly AuthorisedUplink[]): DeviceIdentity[] {
  const children = new Map<string, DeviceIdentity>()
  for (const { device } of uplinks) if (device.deviceId !== speaker.deviceId) children.set(device.deviceId, device)
  return [...children.values()]
}

function isBacklog(uplinks: readonly Uplink[], now: number): boolean {
  return uplinks.length > 0 && uplinks.every(({ ts }) => ts !== undefined && ts < now - limits.backlogAgeMs)
}

/** With the places that the sender knows. */
function toReceipt(
  { uplinks, from, rejected, ignored }: Message,
  accepted: ReadonlyMap<number, Accepted>,
  refused: ReadonlyMap<number, RejectedUplink>,
): Receipt {
  const of = <T>(all: ReadonlyMap<number, T>) =>
    uplinks.flatMap(({ index }, i) => {
      const item = all.get(from + i)
      return item ? [{ ...item, index }] : []
    })
  return {
    accepted: of(accepted),
    rejected: [...rejected, ...of(refused)].sort((a, b) => a.index - b.index),
    ...(ignored !== undefined && { ignored }),
  }
}
