import { type Context, Hono } from 'hono'
import * as z from 'zod'
import { isObject } from '../connectors/native-document.ts'
import { isTooDeep } from '../domain/command.ts'
import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import { childOrSelf } from '../pipeline/authorise.ts'
import { countMessage } from '../services/rate-gate.ts'
import type { AppEnv } from './app-env.ts'
import { pipelineContext, speakingDevice } from './device-door.ts'
import { describe, type Operation, readJson, validate } from './operation.ts'

const base = {
  tag: 'Device',
  permission: 'device',
  errors: ['unauthenticated', 'child_not_found', 'command_not_found', 'quota_exceeded', 'unavailable'],
} satisfies Partial<Operation>

const pollQuery = z.object({
  /** Milliseconds. */
  timeout: z.coerce.number().int().min(0).max(limits.longPollMaxMs).default(limits.longPollMs),
  childDeviceId: z.string().max(64).optional(),
})

/** Long poll: one command, or 204 when none came. */
async function poll(c: Context<AppEnv>): Promise<Response> {
  const speaker = await speakingDevice(c)
  await countMessage(c.env.DEVICE_RATE, speaker.deviceId, 'command_polls_per_minute')
  const { timeout, childDeviceId } = validate(pollQuery, c.req.query(), 'query') as z.output<typeof pollQuery>
  const device = await childOrSelf(pipelineContext(c), speaker, childDeviceId)
  const [request] = await c.var.world.platform.device(device.deviceId).takeCommands(device, timeout, 1)
  if (!request) return c.body(null, 204)
  return c.json({ id: request.requestId, ...request, ...(device !== speaker && { childDeviceId: device.deviceId }) })
}

/** A gateway names its child in the query or beside the child's answer. */
function readAnswer({ isGateway }: DeviceIdentity, body: unknown, childInQuery: string | undefined) {
  if (isTooDeep(body, limits.codecDepth)) {
    throw new AppError('validation_rejected', { reason: 'too_deep', detail: 'The answer is nested too deeply.' })
  }
  if (childInQuery !== undefined || !isGateway || !isObject(body)) return { childDeviceId: childInQuery, body }
  const { childDeviceId, ...rest } = body
  return typeof childDeviceId === 'string' ? { childDeviceId, body: rest } : { childDeviceId: undefined, body }
}

/** The device's answer is its whole body. */
async function respond(c: Context<AppEnv>): Promise<Response> {
  const speaker = await speakingDevice(c)
  const requestId = c.req.param('requestId') ?? ''
  await countMessage(c.env.DEVICE_RATE, speaker.deviceId, 'command_answers_per_minute')
  const { childDeviceId, body } = readAnswer(speaker, await readJson(c), c.req.query('childDeviceId'))
  const device = await childOrSelf(pipelineContext(c), speaker, childDeviceId)
  const isTaken = await c.var.world.platform
    .device(device.deviceId)
    .answerCommand(device, { requestId, body, at: Date.now() })
  if (!isTaken)
    throw new AppError('command_not_found', { detail: 'No command with this requestId waits for an answer.' })
  return c.json({ success: true })
}

const requestSchema = z.object({
  id: z.string(),
  requestId: z.string(),
  method: z.string(),
  params: z.unknown(),
  attempt: z.number(),
})

export const deviceCommandRoutes = new Hono<AppEnv>()
  .get(
    '/api/v1/:deviceToken/rpc',
    describe(
      {
        ...base,
        id: 'poll-command',
        summary: 'Waits for the next command; 204 when none came within `timeout` ms',
        query: pollQuery,
        response: requestSchema,
      },
      poll,
    ),
  )
  .post(
    '/api/v1/:deviceToken/rpc/:requestId',
    describe(
      {
        ...base,
        id: 'answer-command',
        summary: "The device's answer to a command; success: false says that it failed",
        json: z.looseObject({}),
        response: z.object({ success: z.literal(true) }),
      },
      respond,
    ),
  )
