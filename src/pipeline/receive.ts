import type { DeviceConnector } from '../connectors/connector.ts'
import { AppError } from '../domain/errors.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { RawUplink, Uplink } from '../domain/uplink.ts'
import { carry, type Message, type Receipt } from './carry.ts'
import type { PipelineContext } from './context.ts'
import { normalise } from './normalise.ts'
import { recordRefusal } from './record-events.ts'

export type { Receipt } from './carry.ts'

/** @throws AppError where the message as a whole cannot be taken. */
export async function receive(
  ctx: PipelineContext,
  connector: DeviceConnector,
  speaker: DeviceIdentity,
  raw: RawUplink,
): Promise<Receipt> {
  const [outcome] = await receiveAll(ctx, connector, speaker, [raw])
  if (outcome instanceof AppError) throw outcome
  return outcome as Receipt
}

/** The one road: normalise → authorise → ingest, for what one device has in hand. An outcome for each message, in order. */
export async function receiveAll(
  ctx: PipelineContext,
  connector: DeviceConnector,
  speaker: DeviceIdentity,
  raws: readonly RawUplink[],
): Promise<(Receipt | AppError)[]> {
  const messages = raws.map((raw) => readOne(connector, raw))
  for (const [i, { fault }] of messages.entries()) {
    const raw = raws[i]
    if (fault && raw) messages[i] = { ...nothing(raw), fault: await refused(ctx, connector, speaker, raw, fault) }
  }
  return carry(ctx, connector.id, speaker, messages)
}

function readOne(connector: DeviceConnector, raw: RawUplink): Message {
  try {
    const read = normalise(connector, raw)
    if ('ignored' in read) return { ...nothing(raw), ignored: read.ignored }
    return { ...nothing(raw), ...read, uplinks: marked(read.uplinks, raw) }
  } catch (error) {
    if (error instanceof AppError) return { ...nothing(raw), fault: error }
    throw error
  }
}

function nothing({ receivedAt, idempotencyKey }: RawUplink): Message {
  return { receivedAt, ...(idempotencyKey !== undefined && { idempotencyKey }), uplinks: [], rejected: [] }
}

function marked(uplinks: readonly Uplink[], { repeatMark, isFirst }: RawUplink): readonly Uplink[] {
  if (repeatMark === undefined) return uplinks
  return uplinks.map((uplink) => ({ ...uplink, mark: `${repeatMark}:${uplink.index}`, ...(isFirst && { isFirst }) }))
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
  connector: DeviceConnector,
  speaker: DeviceIdentity,
  raw: RawUplink,
  error: AppError,
): Promise<void> {
  await ctx.limit(speaker, [], false)
  await recordRefusal({ platform: ctx.platform, connector: connector.id, speaker, at: raw.receivedAt }, raw.body, error)
}
