import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { NetworkRoute } from '../domain/network-route.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { Frame } from '../domain/report.ts'
import type { AuthorisedUplink, RejectedUplink, Uplink } from '../domain/uplink.ts'
import { log } from '../log.ts'
import { authorise } from './authorise.ts'
import type { PipelineContext } from './context.ts'
import { type Accepted, type Ingested, ingest } from './ingest.ts'
import { recordTroubles } from './record-events.ts'

export type Receipt = Ingested & { readonly ignored?: string }

/** A message that was read. */
export interface Message {
  readonly receivedAt: number
  readonly uplinks: readonly Uplink[]
  readonly rejected: readonly RejectedUplink[]
  readonly idempotencyKey?: string
  /** It was kept until now: readings without a time are of when it came in. */
  readonly isParked?: boolean
  readonly frames?: readonly Frame[]
  readonly route?: NetworkRoute
  readonly ignored?: string
  readonly fault?: AppError
}

/** `from`: the place of its first uplink among those of all messages. */
interface Carried extends Message {
  readonly from: number
}

/**
 * The road from authorise on, for what one speaker has in hand: one append a lane and one observe a device for
 * all of it. What cannot become a reading is shown in the speaker's events with its raw bytes and the reason,
 * before anything is answered. An outcome for each message, in order.
 */
export async function carry(
  ctx: PipelineContext,
  connectorId: string,
  speaker: DeviceIdentity,
  read: readonly Message[],
): Promise<(Receipt | AppError)[]> {
  const placed = withPlaces(read)
  const numbered = placed.flatMap(({ uplinks, from }) => uplinks.map((uplink, i) => ({ ...uplink, index: from + i })))
  const allowed = await authorise(ctx, speaker, numbered)
  const byPlace = new Map(allowed.uplinks.map((uplink) => [uplink.index, uplink]))
  const messages = await limited(ctx, speaker, placed, byPlace)

  const refused = new Set(messages.filter(({ fault }) => fault).flatMap(places))
  const uplinks = allowed.uplinks.filter(({ index }) => !refused.has(index))
  const [first] = read
  const only = read.length === 1 ? first : undefined
  const stored = await ingest(ctx.platform, speaker, uplinks, {
    receivedAt: first?.receivedAt ?? 0,
    ...(only?.idempotencyKey !== undefined && { idempotencyKey: only.idempotencyKey }),
    ...(only?.frames && { frames: only.frames }),
    ...(only?.route && { route: only.route }),
    ...(only?.isParked && { arrivedAt: only.receivedAt }),
  })

  const rejected = new Map([...allowed.rejected, ...stored.rejected].map((item) => [item.index, item]))
  const accepted = new Map(stored.accepted.map((item) => [item.index, item]))
  const outcomes = messages.map((message) => message.fault ?? toReceipt(message, accepted, rejected))
  const corrected = uplinks.filter(({ index, correctedClock }) => correctedClock !== undefined && accepted.has(index))
  try {
    const base = { platform: ctx.platform, connector: connectorId, speaker, at: first?.receivedAt ?? 0 }
    const troubles = outcomes.map((outcome) => (outcome instanceof AppError ? [] : outcome.rejected))
    await recordTroubles(base, troubles, corrected)
  } catch (error) {
    // What is committed is acknowledged: its sender must not send it again for an event's sake.
    log('warn', 'events_not_recorded', { device_id: speaker.deviceId, error })
  }
  return outcomes
}

function withPlaces(read: readonly Message[]): Carried[] {
  let from = 0
  return read.map((message) => {
    const placed = { ...message, from }
    from += message.uplinks.length
    return placed
  })
}

/** Those that are alike are counted in one call; over a limit they are refused together. */
async function limited(
  ctx: PipelineContext,
  speaker: DeviceIdentity,
  messages: readonly Carried[],
  allowed: ReadonlyMap<number, AuthorisedUplink>,
): Promise<readonly Carried[]> {
  const alike = new Map<string, { children: readonly DeviceIdentity[]; isLate: boolean; messages: Carried[] }>()
  for (const message of messages) {
    if (message.fault || message.ignored !== undefined) continue
    const uplinks = places(message).flatMap((place) => allowed.get(place) ?? [])
    const [children, isLate] = [childrenOf(speaker, uplinks), isBacklog(message)]
    const key = [isLate, ...children.map(({ deviceId }) => deviceId)].join()
    const group = alike.get(key)
    if (group) group.messages.push(message)
    else alike.set(key, { children, isLate, messages: [message] })
  }
  const faults = new Map<Carried, AppError>()
  const work = [...alike.values()].map(async (group) => {
    try {
      await ctx.limit(speaker, group.children, group.isLate, group.messages.length)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      for (const message of group.messages) faults.set(message, error)
    }
  })
  await Promise.all(work)
  return messages.map((message) => {
    const fault = faults.get(message)
    return fault ? { ...message, fault } : message
  })
}

function places({ uplinks, from }: Carried): number[] {
  return uplinks.map((_, i) => from + i)
}

function childrenOf(speaker: DeviceIdentity, uplinks: readonly AuthorisedUplink[]): DeviceIdentity[] {
  const children = new Map<string, DeviceIdentity>()
  for (const { device } of uplinks) if (device.deviceId !== speaker.deviceId) children.set(device.deviceId, device)
  return [...children.values()]
}

function isBacklog({ uplinks, receivedAt }: Message): boolean {
  return uplinks.length > 0 && uplinks.every(({ ts }) => ts !== undefined && ts < receivedAt - limits.backlogAgeMs)
}

/** With the places that the sender knows. */
function toReceipt(
  { uplinks, from, rejected, ignored }: Carried,
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
