import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { DeviceId } from '../../src/domain/ids.ts'
import { limits } from '../../src/domain/limits.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import type { World } from '../../src/services/context.ts'
import { sweepDeletedDevices } from '../../src/services/sweep/sweep-deleted-devices.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { type Before, hooked } from '../helpers/d1.ts'
import { newTenant, send, type TestDevice, type TestTenant } from '../helpers/world.ts'

const later = () => Date.now() + limits.sweepDelayMs + 1

function worldWith(before: Before = () => undefined, fields: Partial<World> = {}): World {
  return {
    registry: openRegistry(hooked(env.DB, before)),
    telemetry: { ...openTelemetryStore(env), all: [hooked(env.TELEMETRY_0, before)] },
    platform: createPlatform(env),
    setupToken: undefined,
    ...fields,
  }
}

const history = ['telemetry', 'telemetry_hourly', 'dirty_hours', 'device_state'] as const
const registry = ['device_shards', 'commands', 'alarms', 'device_tombstones'] as const

async function left({ deviceId }: TestDevice): Promise<Record<string, number>> {
  const count = async (db: D1Database, table: string) =>
    db.prepare(`SELECT count(*) AS n FROM ${table} WHERE device_id = ?`).bind(deviceId).first<number>('n')
  const entries = [
    ...history.map(async (table) => [table, await count(env.TELEMETRY_0, table)] as const),
    ...registry.map(async (table) => [table, await count(env.DB, table)] as const),
  ]
  const counts = Object.fromEntries(await Promise.all(entries)) as Record<string, number>
  const events = await env.DB.prepare('SELECT count(*) AS n FROM alarm_events WHERE alarm_id = ?')
    .bind(`alarm-${deviceId}`)
    .first<number>('n')
  return { ...counts, alarm_events: events ?? -1 }
}

/** A device with something in every table that knows it. */
async function fill(tenant: TestTenant, readings: number): Promise<TestDevice> {
  const device = await tenant.device()
  const id = device.deviceId
  await send(device.token, 'no json') // an event, in the object's storage
  await send(device.token, { t: 1 })
  const rows = JSON.stringify(Array.from({ length: readings - 1 }, (_, i) => i))
  await env.TELEMETRY_0.batch([
    env.TELEMETRY_0.prepare(
      `INSERT INTO telemetry (device_id, ts, "values") SELECT ?1, 1000 + value, '{"t":1}' FROM json_each(?2)`,
    ).bind(id, rows),
    env.TELEMETRY_0.prepare("INSERT INTO telemetry_hourly VALUES (?, 0, '{}')").bind(id),
    env.TELEMETRY_0.prepare('INSERT INTO dirty_hours VALUES (?, 0)').bind(id),
  ])
  await env.DB.batch([
    env.DB.prepare('INSERT INTO device_shards VALUES (?, 0, 0)').bind(id),
    env.DB.prepare(
      `INSERT INTO commands (tenant_id, device_id, id, request_id, method, params, status, created_at, expires_at)
       VALUES (?, ?, 'c', 'c', 'm', '{}', 'queued', 1, 1)`,
    ).bind(tenant.tenantId, id),
    env.DB.prepare(
      `INSERT INTO alarms (id, tenant_id, device_id, rule_id, rule_name, severity, status, started_at, updated_at)
       VALUES ('alarm-' || ?2, ?1, ?2, 'r', 'r', 'MAJOR', 'ACTIVE', 1, 1)`,
    ).bind(tenant.tenantId, id),
    env.DB.prepare("INSERT INTO alarm_events VALUES ('alarm-' || ?, 1, 1, 'raised', '{}')").bind(id),
  ])
  return device
}

const isEmpty = (counts: Record<string, number>) => Object.values(counts).every((n) => n === 0)
const remove = (tenant: TestTenant, { deviceId }: TestDevice) => tenant.api('DELETE', `/api/devices/${deviceId}`)

describe('the sweep of deleted devices', () => {
  it('waits until no cache can let the device in, then leaves nothing of it and all of the others', async () => {
    const tenant = await newTenant()
    const [gone, kept] = [await fill(tenant, 50), await fill(tenant, 50)]
    const before = await left(kept)
    await remove(tenant, gone)
    await sweepDeletedDevices({ world: worldWith(), now: Date.now() })
    expect((await left(gone)).telemetry).toBe(50)
    await sweepDeletedDevices({ world: worldWith(), now: later() })
    expect(await left(gone)).toSatisfy(isEmpty)
    const stub = env.DEVICE_OBJECT.getByName(gone.deviceId)
    await evictDurableObject(stub)
    const tables = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    )
    expect(tables).toEqual([])
    expect(await left(kept)).toEqual(before)
    expect(Object.values(before).filter((n) => n === 0)).toHaveLength(1) // no tombstone
  })

  it('goes on where it was, killed after any statement', async () => {
    const tenant = await newTenant()
    const [gone, kept] = [await fill(tenant, 2_500), await fill(tenant, 10)]
    const before = await left(kept)
    await remove(tenant, gone)
    let kills = 0
    for (let allowed = 1; !isEmpty(await left(gone)); allowed++) {
      let statements = 0
      const kill: Before = () => {
        if (statements++ >= allowed) throw new Error('killed')
      }
      await sweepDeletedDevices({ world: worldWith(kill), now: later() }).catch(() => kills++)
      const counts = await left(gone)
      // The tombstone is the last to go: without it, nothing is left.
      if (counts.device_tombstones === 0) expect(counts).toSatisfy(isEmpty)
      expect(allowed).toBeLessThan(20)
    }
    expect(kills).toBeGreaterThan(3)
    expect(await left(kept)).toEqual(before)
  })

  it('takes bounded steps, and what is more in the next runs', async () => {
    const tenant = await newTenant()
    const gone = await fill(tenant, limits.sweepRows * (limits.sweepSteps + 2))
    await remove(tenant, gone)
    let statements = 0
    const count: Before = () => {
      statements++
    }
    await sweepDeletedDevices({ world: worldWith(count), now: later() })
    expect(statements).toBeLessThanOrEqual(limits.sweepSteps + 1)
    expect((await left(gone)).telemetry).toBe(2 * limits.sweepRows)
    expect((await left(gone)).device_tombstones).toBe(1)
    await sweepDeletedDevices({ world: worldWith(), now: later() })
    expect(await left(gone)).toSatisfy(isEmpty)
  })

  it('sweeps many in a run, the oldest first', async () => {
    const tenant = await newTenant()
    const devices = await Promise.all(Array.from({ length: limits.sweepDevices + 5 }, () => tenant.device()))
    for (const device of devices) await remove(tenant, device)
    await env.DB.batch(
      devices.map(({ deviceId }, i) =>
        env.DB.prepare('UPDATE device_tombstones SET deleted_at = ? WHERE device_id = ?').bind(i, deviceId),
      ),
    )
    await sweepDeletedDevices({ world: worldWith(), now: later() })
    const rest = await Promise.all(devices.map(async (device) => (await left(device)).device_tombstones))
    expect(rest.map((n, i) => (n ? i : -1)).filter((i) => i >= 0)).toEqual([20, 21, 22, 23, 24])
    await sweepDeletedDevices({ world: worldWith(), now: later() })
  })

  it('is not held up by one object that fails, and comes back to it', async () => {
    const tenant = await newTenant()
    const [bad, good] = [await fill(tenant, 5), await fill(tenant, 5)]
    await remove(tenant, bad)
    await remove(tenant, good)
    const platform = createPlatform(env)
    const failing: World['platform'] = {
      ...platform,
      device: (id: DeviceId) =>
        id === bad.deviceId
          ? { ...platform.device(id), erase: () => Promise.reject(new Error('reset')) }
          : platform.device(id),
    }
    await sweepDeletedDevices({ world: worldWith(undefined, { platform: failing }), now: later() })
    expect(await left(good)).toSatisfy(isEmpty)
    expect((await left(bad)).device_tombstones).toBe(1)
    await sweepDeletedDevices({ world: worldWith(), now: later() })
    expect(await left(bad)).toSatisfy(isEmpty)
  })

  it('finds the readings by the key of the table', async () => {
    const { results } = await env.TELEMETRY_0.prepare(
      `EXPLAIN QUERY PLAN DELETE FROM telemetry WHERE (device_id, ts) IN
        (SELECT device_id, ts FROM telemetry WHERE device_id IN (SELECT value ->> 1 FROM json_each(?1)) LIMIT ?2)`,
    )
      .bind('[]', 1000)
      .all<{ detail: string }>()
    const plan = results.map(({ detail }) => detail)
    expect(plan.filter((line) => line.startsWith('SEARCH telemetry'))).toHaveLength(2)
    expect(plan.filter((line) => line.startsWith('SCAN telemetry'))).toEqual([])
  })
})
