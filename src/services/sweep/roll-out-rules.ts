import { limits } from '../../domain/limits.ts'
import { log } from '../../log.ts'
import { findDeviceIdentities } from '../../store/device-identity.ts'
import { moveRollout, nextRollout } from '../../store/rule-rollouts.ts'
import type { World } from '../context.ts'

/** Tells some devices that their rules changed: a silent one would not ask, and its alarms would stand for ever. */
export async function rollOutRules({ world, now }: { readonly world: World; readonly now: number }): Promise<void> {
  const next = await nextRollout(world.registry, limits.rolloutDevices)
  if (!next) return
  const { rollout, deviceIds } = next
  const devices = await findDeviceIdentities(world.registry, rollout.tenantId, deviceIds)
  await Promise.all(
    [...devices.values()].map((device) =>
      world.platform
        .device(device.deviceId)
        .reviseRules(device)
        .catch((error: unknown) => log('warn', 'rules_not_revised', { device_id: device.deviceId, error })),
    ),
  )
  const last = deviceIds.length < limits.rolloutDevices ? undefined : deviceIds.at(-1)
  await moveRollout(world.registry, rollout, last, now)
}
