import {
  createExecutionContext,
  runDurableObjectAlarm,
  runInDurableObject,
  waitOnExecutionContext,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.ts'
import type { DeviceId } from '../../src/domain/ids.ts'
import { limits } from '../../src/domain/limits.ts'
import { createPlatform, laneStub } from '../../src/objects/stubs.ts'
import type { TelemetryWriter } from '../../src/objects/telemetry-writer.ts'
import type { World } from '../../src/services/context.ts'
import { forgetAddresses } from '../../src/services/webhooks/resolve-devices.ts'
import { forgetTenantAccess } from '../../src/services/webhooks/tenant-access.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { type Before, hooked } from '../helpers/d1.ts'
import { type Answer, inboxOf, openWebhook, type Webhook } from '../helpers/webhooks.ts'
import { history, newTenant, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
let hook: Webhook
let device: TestDevice
let trouble: Before

/** The product on databases that are as `trouble` makes them, in the Worker and in every lane. */
const before: Before = (statements) => trouble(statements)
const app = createApp(
  (): World => ({
    registry: openRegistry(hooked(env.DB, before)),
    telemetry: openTelemetryStore(env),
    platform: createPlatform(env),
    setupToken: undefined,
  }),
)

const lanes = () =>
  Array.from({ length: 50 }, () => laneStub(env, 0, crypto.randomUUID() as DeviceId)).filter(
    (stub, i, all) => all.findIndex(({ id }) => id.equals(stub.id)) === i,
  )

const inLanes = <T>(work: (lane: TelemetryWriter, state: DurableObjectState) => T | Promise<T>) =>
  Promise.all(lanes().map((stub) => runInDurableObject(stub, work)))

const parkedCount = async () => {
  const counts = await inLanes(
    (_, state) => state.storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM parked').one().n,
  )
  return counts.reduce((sum, n) => sum + n, 0)
}

const ring = () => Promise.all(lanes().map(runDurableObjectAlarm))

beforeEach(async () => {
  trouble = () => {}
  tenant = await newTenant()
  hook = await openWebhook(tenant)
  device = await tenant.device({ integration: { lorawan: { dev_eui: '0102030405060708' } } })
  await inLanes((lane) => {
    lane.registry = hooked(env.DB, before)
    lane.database = hooked(env.TELEMETRY_0, before)
  })
})
afterEach(async () => {
  trouble = () => {}
  for (let i = 0; i < 20 && (await parkedCount()) > 0; i++) await ring()
  await inLanes((lane) => {
    lane.registry = env.DB
    lane.database = env.TELEMETRY_0
  })
})

async function post(
  connector: string,
  body: unknown,
  secret = hook.secret,
): Promise<{ status: number; answer: Answer; ms: number; done: Promise<unknown> }> {
  const ctx = createExecutionContext()
  const startedAt = performance.now()
  const url = `https://edge.test/api/v1/integrations/${connector}/telemetry?tenantId=${tenant.tenantId}`
  const headers = { 'content-type': 'application/json', 'x-webhook-secret': secret }
  const response = await app.fetch(new Request(url, { method: 'POST', headers, body: JSON.stringify(body) }), env, ctx)
  const answer = await response.json<Answer>()
  return { status: response.status, answer, ms: performance.now() - startedAt, done: waitOnExecutionContext(ctx) }
}

const uplink = (i: number) => ({
  deduplicationId: crypto.randomUUID(),
  time: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
  deviceInfo: { devEui: '0102030405060708' },
  fPort: 1,
  fCnt: i,
  object: { i },
})

const away: Before = () => {
  throw new Error('D1_ERROR: Network connection lost.')
}

describe('while D1 is slow', () => {
  it('answers a burst of 500 in time, and stores or keeps each', async () => {
    await hook.answer('chirpstack', uplink(1000)) // the isolate knows the tenant
    trouble = () => new Promise((wake) => setTimeout(wake, 1_500))
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => post('chirpstack', uplink(i))))
    expect(answers.filter(({ status }) => status !== 200 && status !== 202)).toEqual([])
    // What one call takes is measured end to end; here only that none waits for D1, at whose pace it would be minutes.
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(30_000)
    const alone = await post('chirpstack', uplink(500))
    expect(alone.status, 'it does not wait for D1').toBe(202)
    trouble = () => {}
    await Promise.all([alone, ...answers].map(({ done }) => done))
    for (let i = 0; i < 10 && (await parkedCount()) > 0; i++) await ring()
    expect(await parkedCount()).toBe(0)
    expect(
      (await history(device.deviceId)).map(({ values }) => values.i).toSorted((a, b) => Number(a) - Number(b)),
    ).toEqual([...Array(501).keys(), 1000])
  })

  it('stores once what was kept and succeeded late all the same, though it has no time', async () => {
    trouble = () => new Promise((wake) => setTimeout(wake, 400))
    const { status, done } = await post('generic', { deviceToken: device.token, a: 1 })
    expect(status).toBe(202)
    await done
    expect(await history(device.deviceId)).toHaveLength(1)
    await ring()
    expect(await parkedCount()).toBe(0)
    expect(await history(device.deviceId)).toHaveLength(1)
  })
})

describe('while D1 is away', () => {
  it('keeps 500 bodies, tries in vain, and stores each once when D1 is back', async () => {
    forgetTenantAccess()
    forgetAddresses()
    trouble = away
    const startedAt = Date.now()
    const bodies = Array.from({ length: 500 }, (_, i) =>
      i % 2 ? post('chirpstack', uplink(i)) : post('generic', { externalDeviceId: device.deviceId, i }),
    )
    const answers = await Promise.all(bodies)
    const endedAt = Date.now()
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
    for (const { answer } of answers) expect(answer).toMatchObject({ success: true, accepted: 0, parked: true })
    for (let i = 0; i < 3; i++) await ring()
    expect(await parkedCount()).toBe(500)
    expect(await history(device.deviceId)).toEqual([])

    trouble = () => {}
    for (let i = 0; i < 10 && (await parkedCount()) > 0; i++) await ring()
    expect(await parkedCount()).toBe(0)
    const rows = await history(device.deviceId)
    expect(rows.map(({ values }) => values.i).toSorted((a, b) => Number(a) - Number(b))).toEqual([...Array(500).keys()])
    // What has no time of its own is of when it came in, not of when D1 came back.
    const untimed = rows.filter(({ values }) => Number(values.i) % 2 === 0)
    expect(untimed[0]?.ts).toBeGreaterThanOrEqual(startedAt)
    expect(untimed.at(-1)?.ts).toBeLessThanOrEqual(endedAt + 500)
  })

  it('takes nothing of a caller whose secret turns out wrong, and inboxes what is no reading', async () => {
    forgetTenantAccess()
    forgetAddresses()
    trouble = away
    expect((await post('chirpstack', uplink(1), 'wrong')).status).toBe(202)
    expect((await post('chirpstack', { odd: true })).status).toBe(202)
    trouble = () => {}
    await ring()
    expect(await parkedCount()).toBe(0)
    expect(await history(device.deviceId)).toEqual([])
    expect(await inboxOf(tenant)).toMatchObject([{ reason: 'unknown_shape' }])
  })

  it('refuses a wrong secret at once where it is known, and a caller without any', async () => {
    await hook.answer('ttn', {})
    trouble = away
    expect((await post('chirpstack', uplink(1), 'wrong')).status).toBe(401)
    forgetTenantAccess()
    expect((await post('chirpstack', uplink(1), '')).status).toBe(401)
  })

  it('bounds what unknown callers may leave', async () => {
    forgetTenantAccess()
    forgetAddresses()
    trouble = away
    const large = { ...uplink(1), padding: 'x'.repeat(200_000) }
    const statuses = (await Promise.all(Array.from({ length: 100 }, () => post('chirpstack', large)))).map(
      ({ status }) => status,
    )
    expect(new Set(statuses)).toEqual(new Set([202, 503]))
    expect((await parkedCount()) * 200_000).toBeLessThan(limits.parkedUnverifiedBytes)
    trouble = () => {}
    for (let i = 0; i < 10 && (await parkedCount()) > 0; i++) await ring()
    expect((await post('chirpstack', uplink(2))).status).toBe(200)
  })
})
