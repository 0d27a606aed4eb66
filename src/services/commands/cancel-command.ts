import { AppError } from '../../domain/errors.ts'
import type { ServiceContext } from '../context.ts'
import { remarkOnCancelled } from '../downlinks/remarks.ts'
import { ownDevice } from '../telemetry/own-devices.ts'
import type { CommandView } from './command-view.ts'
import { getCommand } from './get-command.ts'

/** One that was sent, or waits at a network server, may still be carried out: it is only not waited for any more. @throws AppError command_not_found, conflict */
export async function cancelCommand({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly commandId: string }
}): Promise<CommandView & { readonly message?: string }> {
  const device = await ownDevice(ctx, input.id)
  const known = await getCommand({ ctx, input })
  const status = await ctx.platform.device(device.deviceId).cancelCommand(device, known.id)
  if (!status) throw new AppError('conflict', { detail: `The command is over: ${known.state}.` })
  const message = remarkOnCancelled(status)
  return { ...(await getCommand({ ctx, input })), ...(message !== undefined && { message }) }
}
