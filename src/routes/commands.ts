import { Hono } from 'hono'
import * as z from 'zod'
import { type CommandFailure, type CommandStatus, commandFailures, commandStates } from '../domain/command.ts'
import { limits } from '../domain/limits.ts'
import { cancelCommand } from '../services/commands/cancel-command.ts'
import { getCommand } from '../services/commands/get-command.ts'
import { listCommands } from '../services/commands/list-commands.ts'
import { sendCommand } from '../services/commands/send-command.ts'
import { remarkOnQueued } from '../services/downlinks/remarks.ts'
import type { AppEnv } from './app-env.ts'
import { operation } from './operation.ts'

const milliseconds = z.coerce.number().int()
const timeout = milliseconds.min(limits.commandTimeoutMinMs).max(limits.commandTimeoutMaxMs)

/** `retries` and `retryIntervalMs` of older apps are taken and need nothing: `persistent` says what waits. */
const options = {
  requestId: z
    .union([
      z.string().regex(/^[^/+#\s]{1,128}$/, 'Without /, + and #: it stands in topics.'),
      z.number().transform(String),
    ])
    .optional(),
  twoWay: z.boolean().default(true),
  persistent: z.boolean().default(false),
  timeout: timeout.optional(),
  timeoutMs: timeout.optional(),
  /** Epoch ms. */
  expiresAt: milliseconds.positive().optional(),
  /** Milliseconds from now. */
  expiresIn: milliseconds.positive().optional(),
  wait: z.boolean().default(false),
}
const ordinary = z.looseObject({ ...options, method: z.string().min(1).max(128), params: z.unknown().optional() })
const channelState = z.looseObject({ ...options, type: z.literal('set_channel_state') })
const numericValue = z.looseObject({ ...options, type: z.literal('set_numeric_value') })
export const commandBody = z.union([ordinary, channelState, numericValue])

const answerSchema = z.object({
  success: z.boolean(),
  message: z.string().optional(),
  code: z.string().optional(),
  transport: z.string().optional(),
  requestId: z.string(),
  id: z.string(),
  state: z.enum(commandStates),
  result: z.unknown(),
})
const commandSchema = z.looseObject({ id: z.string(), requestId: z.string(), state: z.enum(commandStates) })
const tag = 'Commands'

/** Forms without a method name it by their type; what stands beside the options are their params. */
function toParts(body: z.output<typeof commandBody>): { method: string; params: unknown } {
  if ('method' in body && typeof body.method === 'string') return { method: body.method, params: body.params ?? {} }
  const params = Object.entries(body).filter(([key]) => !(key in options) && key !== 'type' && !key.startsWith('retr'))
  return { method: String((body as { type: string }).type), params: Object.fromEntries(params) }
}

function toAnswer(status: CommandStatus, params: unknown): z.input<typeof answerSchema> {
  const { id, requestId, state, transport, result } = status
  const remark = remarkOnQueued(status, params)
  const code = state === 'failed' || state === 'expired' ? codeOf(state, result) : undefined
  return {
    success: code === undefined && state !== 'cancelled',
    ...(code !== undefined && { code, message: messageOf(code, result) }),
    ...(remark !== undefined && { message: remark }),
    ...(transport !== undefined && { transport }),
    requestId,
    id,
    state,
    result: result ?? null,
  }
}

/** What is said of a network server is more than its code. */
function messageOf(code: CommandFailure | 'device_failed', result: unknown): string {
  if (code === 'device_failed') return 'The device says that it failed.'
  const { detail } = (result ?? {}) as { detail?: unknown }
  return typeof detail === 'string' ? detail : commandFailures[code]
}

function codeOf(state: 'failed' | 'expired', result: unknown): CommandFailure | 'device_failed' {
  const code = (result as { code?: unknown } | undefined)?.code
  if (typeof code === 'string' && Object.hasOwn(commandFailures, code)) return code as CommandFailure
  return state === 'expired' ? 'device_timeout' : 'device_failed'
}

export const commandRoutes = new Hono<AppEnv>()
  .post(
    '/api/devices/:id/commands',
    operation({
      id: 'send-command',
      summary: 'Sends a command to a device',
      tag,
      permission: 'operate',
      json: commandBody,
      response: answerSchema,
      errors: ['device_not_found', 'validation_rejected', 'quota_exceeded', 'unavailable'],
    }),
    async (c) => {
      const body = c.req.valid('json')
      const { requestId, twoWay, persistent, wait, expiresIn } = body
      const expiresAt = body.expiresAt ?? (expiresIn === undefined ? undefined : c.var.ctx.now + expiresIn)
      const timeoutMs = body.timeoutMs ?? body.timeout ?? limits.commandTimeoutMs
      const input = { ...toParts(body), requestId, twoWay, persistent, wait, timeoutMs, expiresAt }
      const status = await sendCommand({ ctx: c.var.ctx, input: { id: c.req.param('id'), ...input } })
      return c.json(toAnswer(status, input.params))
    },
  )
  .get(
    '/api/devices/:id/commands',
    operation({
      id: 'list-commands',
      summary: "A device's commands, newest first",
      tag,
      permission: 'read',
      query: z.object({
        before: z.string().max(64).optional(),
        limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(limits.pageSize),
        state: z.enum(commandStates).optional(),
      }),
      response: z.object({ items: z.array(commandSchema) }),
      errors: ['device_not_found'],
    }),
    async (c) =>
      c.json({
        items: await listCommands({ ctx: c.var.ctx, input: { id: c.req.param('id'), ...c.req.valid('query') } }),
      }),
  )
  .get(
    '/api/devices/:id/commands/:commandId',
    operation({
      id: 'get-command',
      summary: 'What became of a command',
      tag,
      permission: 'read',
      response: commandSchema,
      errors: ['device_not_found', 'command_not_found'],
    }),
    async (c) => c.json(await getCommand({ ctx: c.var.ctx, input: c.req.param() })),
  )
  .delete(
    '/api/devices/:id/commands/:commandId',
    operation({
      id: 'cancel-command',
      summary: 'Cancels a command that is not over; where it waits at a network server, message says so',
      tag,
      permission: 'operate',
      response: commandSchema,
      errors: ['device_not_found', 'command_not_found', 'conflict'],
    }),
    async (c) => c.json(await cancelCommand({ ctx: c.var.ctx, input: c.req.param() })),
  )
