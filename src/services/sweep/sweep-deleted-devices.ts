import type { DeviceId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import { buryDevice, deleteDeviceState, deleteDeviceTelemetry, oldestTombstone } from '../../store/device-sweep.ts'
import type { World } from '../context.ts'

/**
 * Removes what deleted devices left, in bounded steps: killed anywhere, the next run goes on from the
 * tombstone, which goes last.
 */
export async function sweepDeletedDevices({
  world,
  now,
}: {
  readonly world: World
  readonly now: number
}): Promise<void> {
  const { registry, telemetry, platform } = world
  for (let steps = 0; steps < limits.sweepSteps; ) {
    const tombstone = await oldestTombstone(registry, now - limits.sweepDelayMs)
    if (!tombstone) return
    const { deviceId, tenantId } = tombstone
    let removed = 0
    for (const db of telemetry.all) {
      removed += await deleteDeviceTelemetry(db, deviceId, limits.sweepRows)
      steps++
    }
    if (removed > 0) continue
    await Promise.all(telemetry.all.map((db) => deleteDeviceState(db, tenantId, deviceId)))
    await platform.device(deviceId as DeviceId).erase()
    await buryDevice(registry, deviceId)
    steps++
  }
}
