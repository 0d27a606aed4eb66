import { type Command, type CommandStatus, isTooDeep } from '../../domain/command.ts'
import { AppError, fromFault } from '../../domain/errors.ts'
import { newCommandId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import { isLongerThan } from '../../domain/text.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevice } from '../telemetry/own-devices.ts'

export interface CommandInput {
  readonly id: string
  readonly method: string
  readonly params: unknown
  /** The sender's mark: the same one again is the same command. */
  readonly requestId?: string | undefined
  readonly twoWay: boolean
  readonly persistent: boolean
  readonly timeoutMs: number
  /** Epoch ms. */
  readonly expiresAt?: number | undefined
  /** The answer comes when the device has answered. */
  readonly wait: boolean
}

/** @throws AppError device_not_found, validation_rejected, quota_exceeded */
export async function sendCommand({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: CommandInput
}): Promise<CommandStatus> {
  const device = await ownDevice(ctx, input.id)
  const command = toCommand(ctx, input)
  const waitMs = input.wait ? Math.min(input.timeoutMs, limits.commandWaitMs) : 0
  const status = await ctx.platform.device(device.deviceId).sendCommand(device, command, waitMs)
  if ('code' in status) throw fromFault(status)
  return status
}

function toCommand(ctx: ServiceContext, input: CommandInput): Command {
  const { method, params, twoWay, persistent, timeoutMs } = input
  if (isTooDeep(params, limits.codecDepth)) {
    throw new AppError('validation_rejected', { reason: 'too_deep', detail: 'The params are nested too deeply.' })
  }
  if (isLongerThan(JSON.stringify(params), limits.commandParamsBytes)) {
    const detail = `The params of a command have at most ${limits.commandParamsBytes} bytes.`
    throw new AppError('validation_rejected', { reason: 'value_too_long', detail })
  }
  const longest = ctx.now + limits.commandExpiryMaxMs
  const expiresAt = Math.min(input.expiresAt ?? ctx.now + limits.commandExpiryMs, longest)
  if (persistent && expiresAt <= ctx.now) {
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail: 'The command has expired already.' })
  }
  const id = newCommandId(ctx.now)
  return {
    id,
    requestId: input.requestId ?? id,
    method,
    params,
    twoWay,
    persistent,
    timeoutMs,
    createdAt: ctx.now,
    // One that does not wait for its device is over when its answer is.
    expiresAt: persistent ? expiresAt : ctx.now + timeoutMs,
    ...(ctx.principal.kind === 'api_key' && { createdBy: ctx.principal.keyId }),
    ...(ctx.principal.kind === 'person' && { createdBy: ctx.principal.personId }),
  }
}
