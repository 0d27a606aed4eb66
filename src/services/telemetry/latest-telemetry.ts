import { emptyRecord, type TimedValue } from '../../domain/telemetry.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevice } from './own-devices.ts'

/** The newest value of each key, by the readings' own time. */
export async function latestTelemetry({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly keys: readonly string[] }
}): Promise<{ deviceId: string; values: Record<string, TimedValue> }> {
  const device = await ownDevice(ctx, input.id)
  const latest = await ctx.platform.device(device.deviceId).latest(device)
  const values = emptyRecord<TimedValue>()
  for (const [key, value] of latest.values) if (input.keys.length === 0 || input.keys.includes(key)) values[key] = value
  return { deviceId: device.deviceId, values }
}
