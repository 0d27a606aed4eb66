import { type Context, Hono } from 'hono'
import * as z from 'zod'
import { mediaType } from '../codec/media-type.ts'
import type { Connector, DeviceConnector } from '../connectors/connector.ts'
import { connectors } from '../connectors/index.ts'
import type { CommandRequest } from '../domain/command.ts'
import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { RawUplink, RejectedUplink } from '../domain/uplink.ts'
import { log } from '../log.ts'
import { wholeFault } from '../pipeline/ingest.ts'
import { type Receipt, receive, refuse } from '../pipeline/receive.ts'
import type { AppEnv } from './app-env.ts'
import { readBody } from './body.ts'
import { pipelineContext, speakingDevice } from './device-door.ts'
import { describe, type Operation } from './operation.ts'

const rejection = z.object({ index: z.number(), code: z.string(), reason: z.string().optional(), detail: z.string() })

const commandRequest = z.object({
  requestId: z.string(),
  method: z.string(),
  params: z.unknown(),
  attempt: z.number(),
})

/** What every device door answers once the readings are committed. */
export const receiptSchema = z.object({
  success: z.literal(true),
  accepted: z.number(),
  rejected: z.array(rejection),
  commands: z.array(commandRequest).readonly().optional(),
  ts: z.number().optional().meta({ description: 'The time that a single reading is stored under.' }),
})

/** Mounts every HTTP connector of devices; those that share a path are told apart by content type. */
export function ingestRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  for (const [path, group] of byPath()) {
    const handler = (c: Context<AppEnv>) => ingest(c, group)
    app.post(path.replace('{deviceToken}', ':deviceToken'), describe(toOperation(group), handler))
  }
  return app
}

function byPath(): Map<string, DeviceConnector[]> {
  const paths = new Map<string, DeviceConnector[]>()
  for (const connector of connectors as readonly Connector[]) {
    if (connector.door.kind !== 'http' || connector.speaker !== 'device_token') continue
    const { path } = connector.door
    paths.set(path, [...(paths.get(path) ?? []), connector])
  }
  return paths
}

function toOperation(group: readonly DeviceConnector[]): Operation {
  const [first] = group as [DeviceConnector]
  return {
    id: `ingest-${first.id}`,
    summary: first.summary,
    tag: 'Device',
    permission: 'device',
    json: z.looseObject({}).meta({ examples: first.examples.map(({ body }) => body) }),
    consumes: group.flatMap(({ contentTypes }) => contentTypes),
    response: receiptSchema,
    errors: [
      'unauthenticated',
      'forbidden',
      'child_not_found',
      'payload_malformed',
      'payload_too_large',
      'unsupported_media_type',
      'validation_rejected',
      'conflict',
      'quota_exceeded',
      'unavailable',
    ],
  }
}

async function ingest(c: Context<AppEnv>, group: readonly DeviceConnector[]): Promise<Response> {
  const speaker = await speakingDevice(c)
  const work = takeMessage(c, group, speaker)
  c.executionCtx.waitUntil(work.catch(() => undefined)) // a client that hangs up does not cut it in half
  const body = toBody(await work)
  return c.json({ ...body, ...(await waitingCommands(c, speaker)) } satisfies z.input<typeof receiptSchema>)
}

/** Asked for with `?commands=true`: what waits rides with the answer, which saves the device a poll. */
async function waitingCommands(
  c: Context<AppEnv>,
  speaker: DeviceIdentity,
): Promise<{ commands?: readonly CommandRequest[] }> {
  if (c.req.query('commands') !== 'true') return {}
  try {
    return {
      commands: await c.var.world.platform.device(speaker.deviceId).takeCommands(speaker, 0, limits.commandsAnswered),
    }
  } catch (error) {
    log('warn', 'commands_not_taken', { device_id: speaker.deviceId, error }) // the readings are committed
    return {}
  }
}

async function takeMessage(
  c: Context<AppEnv>,
  group: readonly DeviceConnector[],
  speaker: DeviceIdentity,
): Promise<Receipt> {
  const ctx = pipelineContext(c)
  const contentType = c.req.header('content-type') ?? 'application/json'
  const connector = group.find(({ contentTypes }) => contentTypes.includes(mediaType(contentType)))
  const raw: RawUplink = {
    principal: { kind: 'device', device: speaker },
    body: { bytes: new Uint8Array(), contentType },
    receivedAt: Date.now(),
  }
  try {
    if (!connector) throw unsupported(contentType, group)
    const bytes = await readBody(c, connector.maxBytes)
    return await receive(ctx, connector, speaker, { ...raw, body: { bytes, contentType }, ...idempotencyKey(c) })
  } catch (error) {
    if (error instanceof AppError && isUnread(error))
      await refuse(ctx, connector ?? (group[0] as DeviceConnector), speaker, raw, error)
    throw error
  }
}

/** Refused by this door before the pipeline saw it. */
function isUnread({ code, reason }: AppError): boolean {
  if (code === 'payload_too_large' || code === 'unsupported_media_type') return true
  return reason === 'gzip_syntax' || reason === 'body_truncated'
}

function unsupported(contentType: string, group: readonly DeviceConnector[]): AppError {
  const taken = [...new Set(group.flatMap(({ contentTypes }) => contentTypes))].join(' or ')
  const detail = `"${contentType.slice(0, 80)}" is not taken here; send ${taken}.`
  return new AppError('unsupported_media_type', { detail })
}

function idempotencyKey(c: Context<AppEnv>): { idempotencyKey?: string } {
  const key = c.req.header('idempotency-key')
  if (key === undefined || key === '') return {}
  if (key.length > limits.idempotencyKeyLength) {
    const detail = `An Idempotency-Key has at most ${limits.idempotencyKeyLength} characters.`
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail })
  }
  return { idempotencyKey: key }
}

/** @throws AppError where the message cannot be acknowledged. */
function toBody(receipt: Receipt): z.input<typeof receiptSchema> {
  const { accepted } = receipt
  const rejected = receipt.rejected.map(toRejection)
  const fault = wholeFault(receipt)
  if (fault) throw rejected.length > 1 ? withItems(fault, accepted.length, rejected) : fault
  const [only] = accepted
  const single = accepted.length === 1 && rejected.length === 0 && only ? { ts: only.ts } : {}
  return { success: true, accepted: accepted.length, rejected, ...single }
}

function toRejection({ index, fault }: RejectedUplink): z.input<typeof rejection> {
  return { index, code: fault.code, ...(fault.reason && { reason: fault.reason }), detail: fault.detail }
}

function withItems(fault: AppError, accepted: number, rejected: readonly unknown[]): AppError {
  return new AppError(fault.code, {
    detail: fault.detail,
    ...(fault.reason && { reason: fault.reason }),
    ...(fault.limit && { limit: fault.limit }),
    ...(fault.retryAfter !== undefined && { retryAfter: fault.retryAfter }),
    members: { accepted, rejected },
  })
}
