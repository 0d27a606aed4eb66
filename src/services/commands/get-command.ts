import { AppError } from '../../domain/errors.ts'
import { findCommand } from '../../store/commands.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevice } from '../telemetry/own-devices.ts'
import { type CommandView, toCommandView } from './command-view.ts'

/** @throws AppError device_not_found, command_not_found */
export async function getCommand({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly commandId: string }
}): Promise<CommandView> {
  const { deviceId } = await ownDevice(ctx, input.id)
  const row = await findCommand(ctx.registry, ctx.tenantId, deviceId, input.commandId)
  if (!row) throw new AppError('command_not_found', { detail: 'The device was given no command with this id.' })
  return toCommandView(row)
}
