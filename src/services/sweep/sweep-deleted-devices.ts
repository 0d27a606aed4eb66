import type { DeviceId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import { log } from '../../log.ts'
import {
  buryDevices,
  deleteCommands,
  deleteDeviceStates,
  deleteHistory,
  historyTables,
  oldestTombstones,
  type Tombstone,
} from '../../store/device-sweep.ts'
import type { World } from '../context.ts'

/**
 * Removes what the longest deleted devices left, in bounded steps: killed anywhere, the next run goes on from
 * their tombstones, which go last.
 */
export async function sweepDeletedDevices({
  world,
  now,
}: {
  readonly world: World
  readonly now: number
}): Promise<void> {
  const tombstones = await oldestTombstones(world.registry, now - limits.sweepDelayMs, limits.sweepDevices)
  if (tombstones.length === 0 || !(await eraseRows(world, tombstones))) return
  await buryDevices(world.registry, await eraseObjects(world, tombstones))
}

/** False where the run's steps ended before the rows did. */
async function eraseRows({ registry, telemetry }: World, tombstones: readonly Tombstone[]): Promise<boolean> {
  const deletions = [
    ...telemetry.all.flatMap((db) =>
      historyTables.map((table) => () => deleteHistory(db, table, tombstones, limits.sweepRows)),
    ),
    () => deleteCommands(registry, tombstones, limits.sweepRows),
  ]
  let steps: number = limits.sweepSteps
  for (const deleteSome of deletions) {
    while ((await deleteSome()) >= limits.sweepRows) if (--steps <= 0) return false
  }
  for (const db of telemetry.all) await deleteDeviceStates(db, tombstones)
  return true
}

/** Those whose object is empty. One that fails holds up no other, and is tried again with the next run. */
async function eraseObjects({ platform }: World, tombstones: readonly Tombstone[]): Promise<Tombstone[]> {
  const erased = await Promise.all(
    tombstones.map(async (tombstone) => {
      try {
        await platform.device(tombstone.deviceId as DeviceId).erase()
        return [tombstone]
      } catch (error) {
        log('warn', 'device_object_not_erased', { device_id: tombstone.deviceId, error })
        return []
      }
    }),
  )
  return erased.flat()
}
