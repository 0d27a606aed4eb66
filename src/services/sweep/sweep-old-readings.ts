import { limits } from '../../domain/limits.ts'
import { cutoffOf } from '../../domain/retention.ts'
import {
  type Cutoff,
  deleteOldest,
  findOverdue,
  nextRetained,
  type RetainedDevice,
  type RetainedTable,
  readRound,
  saveRound,
} from '../../store/retention.ts'
import type { World } from '../context.ts'

/**
 * Deletes what is older than its device keeps. Device by device, so that no tenant waits for another: a visit takes a
 * bounded number of rows, and a round that left something is followed by the next at once. Killed anywhere, the next
 * run goes on from the last group of devices that was done.
 */
export async function sweepOldReadings({ world, now }: { readonly world: World; readonly now: number }): Promise<void> {
  const round = await readRound(world.registry)
  if (round.dueAt > now) return
  let { after, isBehind } = round
  for (let steps: number = limits.sweepSteps; steps > 0; ) {
    const devices = await nextRetained(world.registry, after, limits.retentionGroup)
    const visit = await visitGroup(world, devices, now)
    steps -= visit.steps
    isBehind ||= visit.isBehind
    const isOver = devices.length < limits.retentionGroup
    after = isOver ? '' : (devices.at(-1)?.deviceId ?? '')
    const dueAt = isOver && !isBehind ? now + limits.retentionRoundMs : now
    await saveRound(world.registry, { after, isBehind: isBehind && !isOver, dueAt })
    if (isOver) return
  }
}

async function visitGroup({ telemetry }: World, devices: readonly RetainedDevice[], now: number) {
  const cutoffs: Record<RetainedTable, Cutoff[]> = { telemetry: [], telemetry_hourly: [] }
  for (const { deviceId, raw, hourly } of devices) {
    const before = { telemetry: cutoffOf(raw, now), telemetry_hourly: cutoffOf(hourly, now) }
    if (before.telemetry !== undefined) cutoffs.telemetry.push([deviceId, before.telemetry])
    if (before.telemetry_hourly !== undefined) cutoffs.telemetry_hourly.push([deviceId, before.telemetry_hourly])
  }
  const visit = { steps: 1, isBehind: false }
  for (const db of telemetry.all) {
    for (const table of ['telemetry', 'telemetry_hourly'] as const) {
      if (cutoffs[table].length === 0) continue
      visit.steps++
      const overdue = await findOverdue(db, table, cutoffs[table])
      for (let i = 0; i < overdue.length; i += limits.retentionDevices) {
        const some = overdue.slice(i, i + limits.retentionDevices)
        visit.steps++
        const deleted = await deleteOldest(db, table, some, limits.sweepRows / limits.retentionDevices)
        visit.isBehind ||= deleted >= limits.sweepRows / limits.retentionDevices
      }
    }
  }
  return visit
}
