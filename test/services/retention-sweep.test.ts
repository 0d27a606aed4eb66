import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import type { World } from '../../src/services/context.ts'
import { sweepOldReadings } from '../../src/services/sweep/sweep-old-readings.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { type Before, hooked } from '../helpers/d1.ts'
import { newTenant, type TestDevice } from '../helpers/world.ts'

const day = 86_400_000
const now = Date.UTC(2026, 5, 15)

function worldWith(before: Before = () => undefined): World {
  return {
    registry: openRegistry(hooked(env.DB, before)),
    telemetry: { ...openTelemetryStore(env), all: [hooked(env.TELEMETRY_0, before)] },
    platform: createPlatform(env),
    setupToken: undefined,
  }
}

const sweep = (at = now, before?: Before) => sweepOldReadings({ world: worldWith(before), now: at })

/** A reading and an hour at each of these ages in days. */
async function fill({ deviceId }: TestDevice, ages: readonly number[]): Promise<void> {
  const times = JSON.stringify(ages.map((age) => now - age * day))
  for (const [table, rest] of [
    ['telemetry', `(device_id, ts, "values")`],
    ['telemetry_hourly', '(device_id, hour, stats)'],
  ]) {
    await env.TELEMETRY_0.prepare(`INSERT OR IGNORE INTO ${table} ${rest} SELECT ?1, value, '{}' FROM json_each(?2)`)
      .bind(deviceId, times)
      .run()
  }
}

async function agesOf({ deviceId }: TestDevice, table = 'telemetry', time = 'ts'): Promise<number[]> {
  const { results } = await env.TELEMETRY_0.prepare(
    `SELECT ${time} AS ts FROM ${table} WHERE device_id = ? ORDER BY ts DESC`,
  )
    .bind(deviceId)
    .all<{ ts: number }>()
  return results.map(({ ts }) => (now - ts) / day)
}

beforeEach(async () => {
  await env.DB.prepare(`UPDATE retention_sweep SET after_device_id = '', is_behind = 0, due_at = 0`).run()
})

describe('old readings', () => {
  it('go after the days that the device, else its profile, else the plan says; hours by their own', async () => {
    await env.DB.prepare(
      `INSERT INTO plans (id, title, retention_days, rollup_retention_days) VALUES ('kept', 'Kept', 30, 50)`,
    ).run()
    const tenant = await newTenant()
    const stranger = await newTenant()
    await env.DB.prepare(`UPDATE tenants SET plan_id = 'kept' WHERE id = ?`).bind(tenant.tenantId).run()
    const profile = { name: 'Short', retentionDays: 10, rollupRetentionDays: 20 }
    const { profileId } = await (await tenant.api('POST', '/api/device-profiles', profile)).json<{
      profileId: string
    }>()
    const byPlan = await tenant.device()
    const byProfile = await tenant.device({ profileId })
    const byDevice = await tenant.device({ profileId, retentionDays: 3 })
    const forEver = await stranger.device()
    const ages = [1, 5, 15, 25, 40, 60]
    for (const device of [byPlan, byProfile, byDevice, forEver]) await fill(device, ages)
    await sweep()
    expect(await agesOf(byPlan)).toEqual([1, 5, 15, 25])
    expect(await agesOf(byProfile)).toEqual([1, 5])
    expect(await agesOf(byDevice)).toEqual([1])
    expect(await agesOf(forEver)).toEqual(ages)
    expect(await agesOf(byPlan, 'telemetry_hourly', 'hour')).toEqual([1, 5, 15, 25, 40])
    expect(await agesOf(byDevice, 'telemetry_hourly', 'hour')).toEqual([1, 5, 15])
    expect(await agesOf(forEver, 'telemetry_hourly', 'hour')).toEqual(ages)
  })

  it('go the oldest first, some of each device at a time, and none waits for one that has more', async () => {
    const tenant = await newTenant()
    const much = await tenant.device({ retentionDays: 1 })
    const little = await tenant.device({ retentionDays: 1 })
    const visit = limits.sweepRows / limits.retentionDevices
    await fill(
      much,
      Array.from({ length: 2 * visit + 5 }, (_, n) => 2 + n / 100),
    )
    await fill(little, [0.5, 3])
    await sweep()
    expect(await agesOf(little)).toEqual([0.5])
    const left = await agesOf(much)
    expect(left).toHaveLength(visit + 5)
    expect(Math.max(...left)).toBeLessThan(3.1)
    // Behind: the next round comes with the next run, and the one after an hour later.
    await sweep()
    await sweep()
    expect(await agesOf(much)).toEqual([])
    await fill(little, [4])
    await sweep(now + limits.retentionRoundMs - 1)
    expect(await agesOf(little)).toEqual([0.5, 4])
    await sweep(now + limits.retentionRoundMs)
    expect(await agesOf(little)).toEqual([0.5])
  })

  it('go on where a run was killed, whatever it was doing', async () => {
    const tenant = await newTenant()
    const devices = await Promise.all(Array.from({ length: 3 }, () => tenant.device({ retentionDays: 1 })))
    for (const device of devices) await fill(device, [0.5, 2, 3])
    let statements = 0
    await sweep(now, () => {
      statements++
    })
    expect(statements).toBeGreaterThan(3)
    for (let killedAt = 1; killedAt <= statements; killedAt++) {
      await env.DB.prepare('UPDATE retention_sweep SET due_at = 0').run()
      for (const device of devices) await fill(device, [2, 3])
      let n = 0
      const killed = sweep(now, () => {
        if (++n === killedAt) throw new Error('killed')
      })
      await expect(killed).rejects.toThrow('killed')
      await sweep()
      for (const device of devices) expect(await agesOf(device)).toEqual([0.5])
    }
  })
})
