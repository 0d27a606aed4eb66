import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { DeviceId, TenantId } from '../../src/domain/ids.ts'
import { limits } from '../../src/domain/limits.ts'
import type { Quota } from '../../src/domain/principal.ts'
import type { TelemetryWriter } from '../../src/objects/telemetry-writer.ts'
import type { AppendRow } from '../../src/services/ports.ts'
import { hooked } from '../helpers/d1.ts'
import { history, laneOf, newTenant, type Problem, replaceDatabase, send, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})
afterEach(() => {
  vi.useRealTimers()
})

const newId = () => crypto.randomUUID() as DeviceId

/** A device id whose lane is the one of `other`. */
function neighbourOf(other: DeviceId): DeviceId {
  for (;;) {
    const id = newId()
    if (laneOf(id).id.equals(laneOf(other).id)) return id
  }
}

async function append(
  deviceId: DeviceId,
  rows: readonly AppendRow[],
  more: { quota?: Quota; idempotencyKey?: string; tenantId?: TenantId } = {},
) {
  const [result] = await laneOf(deviceId).append([{ tenantId: tenant.tenantId as TenantId, deviceId, rows, ...more }])
  return [...(result ?? [])]
}

const reading = (n: number, ts?: number): AppendRow => ({
  json: JSON.stringify({ n }),
  ...(ts !== undefined && { ts }),
})

describe('group commit', () => {
  it('shares statements among what arrives while one is in flight', async () => {
    const deviceId = newId()
    let statements = 0
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, async () => {
        statements++
        await new Promise((resolve) => setTimeout(resolve, 20))
      }),
    )
    await Promise.all(Array.from({ length: 300 }, (_, n) => append(deviceId, [reading(n)])))
    await restore()
    expect(await history(deviceId)).toHaveLength(300)
    expect(statements).toBeLessThan(10)
  })

  it('does not acknowledge before the statement resolved', async () => {
    const deviceId = newId()
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const restore = await replaceDatabase(deviceId, (db) => hooked(db, () => held))
    let acknowledged = false
    const done = append(deviceId, [reading(1, 1_700_000_000_000)]).then((result) => {
      acknowledged = true
      return result
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(acknowledged).toBe(false)
    expect(await history(deviceId)).toEqual([])
    release()
    expect(await done).toEqual([1_700_000_000_000])
    expect(await history(deviceId)).toHaveLength(1)
    await restore()
  })

  it('refuses a poisoned row alone; the rows of other callers land', async () => {
    const deviceId = newId()
    const other = neighbourOf(deviceId)
    let first = true
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, async () => {
        if (first) await new Promise((resolve) => setTimeout(resolve, 50))
        first = false
      }),
    )
    const calls = [append(deviceId, [reading(0)])]
    for (let n = 1; n < 100; n++) {
      const row = n % 20 === 7 ? { json: `[${n}]` } : reading(n)
      calls.push(append(n % 2 === 0 ? deviceId : other, [row]))
    }
    const results = (await Promise.all(calls)).flat()
    await restore()
    const refused = results.filter((result) => typeof result !== 'number')
    expect(refused).toHaveLength(5)
    expect(refused.every((result) => typeof result !== 'number' && result.code === 'validation_rejected')).toBe(true)
    expect([...(await history(deviceId)), ...(await history(other))]).toHaveLength(95)
  })

  it('does not halve an outage: it retries whole, then tells everyone unavailable', async () => {
    const deviceId = newId()
    const sizes: number[] = []
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, ([insert]) => {
        if (!insert?.sql.includes('INSERT INTO telemetry')) return
        sizes.push(Object.keys((JSON.parse(String(insert.values[0])) as Record<string, object>)[deviceId] ?? {}).length)
        throw new Error('D1_ERROR: Network connection lost.')
      }),
    )
    const rows = Array.from({ length: 50 }, (_, n) => reading(n, 1_700_000_000_000 + n))
    const results = await append(deviceId, rows)
    await restore()
    expect(results.every((result) => typeof result !== 'number' && result.code === 'unavailable')).toBe(true)
    expect(new Set(sizes)).toEqual(new Set([50]))
    expect(sizes.length).toBeLessThan(20)
    expect(await history(deviceId)).toEqual([])
    expect(await append(deviceId, rows)).toHaveLength(50)
    expect(await history(deviceId)).toHaveLength(50)
  }, 40_000)

  it('rides over a short outage: acknowledged once, stored once', async () => {
    const deviceId = newId()
    let failures = 3
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, ([statement]) => {
        if (statement?.sql.includes('INSERT') && failures-- > 0) throw new Error('D1_ERROR: overloaded')
      }),
    )
    const results = await append(deviceId, [reading(1), reading(2)])
    await restore()
    expect(results.every((result) => typeof result === 'number')).toBe(true)
    expect(await history(deviceId)).toHaveLength(2)
  })

  it('rides over one while it looks a device up that it does not know', async () => {
    const deviceId = newId()
    // One that has been awake for long needs no look-up.
    await runInDurableObject(laneOf(deviceId), () => undefined)
    await evictDurableObject(laneOf(deviceId))
    let failures = 3
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, ([statement]) => {
        if (!statement?.sql.includes('INSERT') && failures-- > 0) throw new Error('D1_ERROR: overloaded')
      }),
    )
    const results = await append(deviceId, [reading(1), reading(2)])
    await restore()
    expect(failures).toBeLessThan(0)
    expect(results.every((result) => typeof result === 'number')).toBe(true)
    expect(await history(deviceId)).toHaveLength(2)
  })

  it('answers 503 with Retry-After, and keeps no acknowledgement, when D1 is away', async () => {
    const device = await tenant.device()
    const restore = await replaceDatabase(device.deviceId, (db) =>
      hooked(db, () => {
        throw new Error('D1_ERROR: Network connection lost.')
      }),
    )
    const response = await send(device.token, { ts: 1_700_000_000_000, a: 1 })
    await restore()
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBeTruthy()
    expect(await response.json<Problem>()).toMatchObject({ code: 'unavailable', retryable: true })
    expect(await history(device.deviceId)).toEqual([])
    expect((await send(device.token, { ts: 1_700_000_000_000, a: 1 })).status).toBe(200)
  }, 40_000)

  it('names the missing migration', async () => {
    const deviceId = newId()
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, () => {
        throw new Error('D1_ERROR: no such table: telemetry: SQLITE_ERROR')
      }),
    )
    const [result] = await append(deviceId, [reading(1)])
    await restore()
    expect(result).toMatchObject({ code: 'migrations_pending' })
  })

  it('turns callers away beyond its share of unacknowledged bytes', async () => {
    const deviceId = newId()
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, () => new Promise((resolve) => setTimeout(resolve, 300))),
    )
    const big = JSON.stringify({ text: Array.from({ length: 60 }, () => 'x'.repeat(4_000)) })
    const rows = Math.ceil(limits.laneBacklogBytes / big.length) + 20
    const results = (
      await Promise.all(Array.from({ length: rows }, (_, n) => append(deviceId, [{ json: big, ts: n + 1 }])))
    ).flat()
    await restore()
    const away = results.filter((result) => typeof result !== 'number')
    expect(away.length).toBeGreaterThan(15)
    expect(away.every((result) => typeof result !== 'number' && result.code === 'unavailable')).toBe(true)
    expect(await history(deviceId)).toHaveLength(rows - away.length)
  })
})

describe('states', () => {
  const state = (deviceId: DeviceId) => ({
    tenantId: tenant.tenantId,
    deviceId,
    lastSeen: 1,
    latest: '{}',
    savedAt: 1,
  })
  const saved = (deviceId: DeviceId) =>
    env.TELEMETRY_0.prepare('SELECT 1 FROM device_state WHERE device_id = ?').bind(deviceId).first()

  it('tell their object when they could not be saved', async () => {
    const deviceId = newId()
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, () => {
        throw new Error('D1_ERROR: Network connection lost.')
      }),
    )
    await runInDurableObject(laneOf(deviceId), async (lane: TelemetryWriter) => {
      await expect(lane.saveState(state(deviceId))).rejects.toThrow()
    })
    await restore()
    expect(await saved(deviceId)).toBeNull()
  }, 40_000)

  it('are saved beside a poisoned row', async () => {
    const deviceId = newId()
    let first = true
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, async () => {
        if (first) await new Promise((resolve) => setTimeout(resolve, 50))
        first = false
      }),
    )
    const [, bad] = await Promise.all([
      append(deviceId, [reading(1)]),
      append(deviceId, [{ json: '[1]' }]),
      laneOf(deviceId).saveState(state(deviceId)),
    ])
    await restore()
    expect(bad?.[0]).toMatchObject({ code: 'validation_rejected' })
    expect(await saved(deviceId)).not.toBeNull()
  })
})

describe('repeat marks', () => {
  it('gives a repeat its first time, also after an eviction', async () => {
    const deviceId = newId()
    const row = { json: '{"a":1}', mark: 'client:7:abc' }
    const [first] = await append(deviceId, [row])
    expect(await append(deviceId, [row])).toEqual([first])
    await evictDurableObject(laneOf(deviceId))
    expect(await append(deviceId, [row])).toEqual([first])
    expect(await history(deviceId)).toHaveLength(1)
  })

  it('never takes two messages for one', async () => {
    const deviceId = newId()
    await append(deviceId, [{ json: '{"a":1}', mark: 'm1' }, { json: '{"a":1}', mark: 'm2' }, reading(1), reading(1)])
    expect(await history(deviceId)).toHaveLength(4)
  })
})

describe('arrival times', () => {
  it('stores a lead of more than a second as one row a thousand readings', async () => {
    const deviceId = newId()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    for (let i = 0; i < 30; i++)
      await append(
        deviceId,
        Array.from({ length: 100 }, (_, n) => reading(n)),
      )
    const leads = await runInDurableObject(laneOf(deviceId), (_: TelemetryWriter, state) =>
      state.storage.sql.exec<{ until: number }>('SELECT until FROM leads WHERE device_id = ?', deviceId).toArray(),
    )
    expect(leads).toHaveLength(1)
    expect(await history(deviceId)).toHaveLength(3_000)
  })

  it('keeps clear of a time that the device gave itself', async () => {
    const deviceId = newId()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    await append(deviceId, [reading(1, Date.now()), reading(2)])
    expect(await history(deviceId)).toHaveLength(2)
  })
})

describe('quota', () => {
  it('admits what the plan allows and names the limit, per lane at once', async () => {
    const deviceId = newId()
    const limited = { quota: { perMinute: 10 }, tenantId: crypto.randomUUID() as TenantId }
    expect(
      await append(
        deviceId,
        Array.from({ length: 10 }, (_, n) => reading(n)),
        limited,
      ),
    ).toHaveLength(10)
    const [over] = await append(deviceId, [reading(11)], limited)
    expect(over).toMatchObject({ code: 'quota_exceeded', limit: { limit: 'telemetry_per_minute', remaining: 0 } })
    expect(await history(deviceId)).toHaveLength(10)
  })

  it('gives a backlog its own allowance', async () => {
    const deviceId = newId()
    const limited = { quota: { perMinute: 5 }, tenantId: crypto.randomUUID() as TenantId }
    const old = Date.now() - 2 * limits.backlogAgeMs
    await append(
      deviceId,
      Array.from({ length: 5 }, (_, n) => reading(n, old + n)),
      limited,
    )
    expect(await append(deviceId, [reading(1)], limited)).toEqual([expect.any(Number)])
    const [over] = await append(deviceId, [reading(1, old - 1)], limited)
    expect(over).toMatchObject({ limit: { limit: 'telemetry_per_minute_backlog' } })
  })

  it('answers 429 with what is left and Retry-After', async () => {
    const small = await newTenant({ plan: 'FREE' })
    const device = await small.device()
    const items = Array.from({ length: 100 }, (_, n) => ({ telemetry: { n } }))
    expect((await send(device.token, { items }, {}, 'telemetry/batch')).status).toBe(200)
    const response = await send(device.token, { items }, {}, 'telemetry/batch')
    expect(response.status).toBe(429)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({
      code: 'quota_exceeded',
      limit: 'telemetry_per_minute',
      remaining: 20,
    })
  })

  it('counts all lanes together', async () => {
    const fresh = await newTenant()
    const [one, two] = [newId(), newId()]
    const quota = { perDay: 10 }
    const tenantId = fresh.tenantId as TenantId
    const put = (deviceId: DeviceId, n: number) =>
      laneOf(deviceId).append([{ tenantId, deviceId, quota, rows: Array.from({ length: n }, (_, i) => reading(i)) }])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
    await put(one, 6)
    vi.setSystemTime(Date.now() + limits.usageReportMs + 1)
    await put(neighbourFree(one, two), 2)
    await new Promise((resolve) => setTimeout(resolve, 50))
    vi.setSystemTime(Date.now() + limits.usageReportMs + 1)
    await put(one, 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const [over] = await put(one, 5)
    expect(over?.[0]).toMatchObject({ code: 'quota_exceeded' })
  })

  function neighbourFree(one: DeviceId, two: DeviceId): DeviceId {
    return laneOf(one).id.equals(laneOf(two).id) ? neighbourFree(one, newId()) : two
  }
})

describe('a quota and an outage', () => {
  it('counts only what was stored', async () => {
    const deviceId = newId()
    const limited = { quota: { perDay: 3 }, tenantId: crypto.randomUUID() as TenantId }
    await append(deviceId, [reading(1)], limited)
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, () => {
        throw new Error('D1_ERROR: no such table: telemetry')
      }),
    )
    await append(deviceId, [reading(2), reading(3)], limited)
    await restore()
    expect(await append(deviceId, [reading(4), reading(5)], limited)).toEqual([expect.any(Number), expect.any(Number)])
  })

  it('does not charge a recognised repeat', async () => {
    const deviceId = newId()
    const limited = { quota: { perDay: 2 }, tenantId: crypto.randomUUID() as TenantId, idempotencyKey: 'k' }
    const first = await append(deviceId, [reading(1)], limited)
    for (let n = 0; n < 5; n++) expect(await append(deviceId, [reading(1)], limited)).toEqual(first)
  })
})

describe('idempotency keys', () => {
  it('are forgotten after a day by the alarm', async () => {
    const deviceId = newId()
    await append(deviceId, [reading(1)], { idempotencyKey: 'k' })
    const stub = laneOf(deviceId)
    const count = () =>
      runInDurableObject(
        stub,
        (_: TelemetryWriter, state) =>
          state.storage.sql
            .exec<{ n: number }>('SELECT count(*) AS n FROM idempotency_keys WHERE device_id = ?', deviceId)
            .one().n,
      )
    expect(await count()).toBe(1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + limits.idempotencyMs + 1_000 })
    expect(await runDurableObjectAlarm(stub)).toBe(true)
    expect(await count()).toBe(0)
  })
})
