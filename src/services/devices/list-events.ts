import type { DeviceEvent } from '../../domain/events.ts'
import type { DeviceId } from '../../domain/ids.ts'
import type { ServiceContext } from '../context.ts'
import { requireDevice } from './require-device.ts'

/** What happened to a device besides plain readings, newest first. */
export async function listEvents({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly before?: number | undefined; readonly limit: number }
}): Promise<DeviceEvent[]> {
  const row = await requireDevice(ctx, input.id)
  return ctx.platform.device(row.id as DeviceId).events(input.before, input.limit)
}
