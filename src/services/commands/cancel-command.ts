import { AppError } from '../../domain/errors.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevice } from '../telemetry/own-devices.ts'
import type { CommandView } from './command-view.ts'
import { getCommand } from './get-command.ts'

/** One that was sent may still be carried out: it is only not waited for any more. @throws AppError command_not_found, conflict */
export async function cancelCommand({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly commandId: string }
}): Promise<CommandView> {
  const device = await ownDevice(ctx, input.id)
  const known = await getCommand({ ctx, input })
  const status = await ctx.platform.device(device.deviceId).cancelCommand(device, known.id)
  if (!status) throw new AppError('conflict', { detail: `The command is over: ${known.state}.` })
  return getCommand({ ctx, input })
}
