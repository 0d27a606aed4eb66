import type { CommandState } from '../../domain/command.ts'
import { listCommands as readCommands } from '../../store/commands.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevice } from '../telemetry/own-devices.ts'
import { type CommandView, toCommandView } from './command-view.ts'

/** Newest first. */
export async function listCommands({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: {
    readonly id: string
    readonly before?: string | undefined
    readonly limit: number
    readonly state?: CommandState | undefined
  }
}): Promise<CommandView[]> {
  const { deviceId } = await ownDevice(ctx, input.id)
  const { before, limit, state } = input
  const rows = await readCommands(ctx.registry, ctx.tenantId, deviceId, { before, limit, state })
  return rows.map(toCommandView)
}
