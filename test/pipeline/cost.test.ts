import { createExecutionContext, runInDurableObject, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import type { DeviceObject } from '../../src/objects/device-object.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import type { TelemetryWriter } from '../../src/objects/telemetry-writer.ts'
import type { World } from '../../src/services/context.ts'
import { sweep } from '../../src/services/sweep/sweep.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { counted, type Tally } from '../helpers/d1.ts'
import { history, laneOf, newTenant, type TestDevice } from '../helpers/world.ts'

const none = (): Tally => ({ statements: 0, rowsWritten: 0, rowsRead: 0 })

/** The product with every billable operation counted. */
function meteredWorld() {
  const meter = { workerRequests: 0, objectRequests: 0, registry: none(), telemetry: none() }
  const platform = createPlatform(env)
  const world: World = {
    registry: openRegistry(counted(env.DB, meter.registry)),
    telemetry: openTelemetryStore(env),
    setupToken: 'unused',
    platform: {
      ...platform,
      lane(shard, deviceId) {
        const { name, lane } = platform.lane(shard, deviceId)
        return {
          name,
          lane: {
            append(groups) {
              meter.objectRequests++
              return lane.append(groups)
            },
          },
        }
      },
      device(deviceId) {
        meter.objectRequests++
        return platform.device(deviceId)
      },
      openSocket(deviceId, opening) {
        meter.objectRequests++
        return platform.openSocket(deviceId, opening)
      },
    },
  }
  const app = createApp(() => world)
  const send = async (token: string, body: unknown, path = 'telemetry') => {
    meter.workerRequests++
    const ctx = createExecutionContext()
    const request = new Request(`https://edge.test/api/v1/${token}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const response = await app.fetch(request, env, ctx)
    await waitOnExecutionContext(ctx)
    return response
  }
  return { meter, world, send }
}

async function meterObjects({ deviceId }: TestDevice, telemetry: Tally): Promise<void> {
  const database = counted(env.TELEMETRY_0, telemetry)
  await runInDurableObject(laneOf(deviceId), (lane: TelemetryWriter) => {
    lane.database = database
  })
  await runInDurableObject(env.DEVICE_OBJECT.getByName(deviceId), (object: DeviceObject) => {
    Object.defineProperty(object, 'env', { value: { ...env, TELEMETRY_0: database } })
  })
}

afterEach(() => {
  vi.useRealTimers()
})

/** What an object does after its answer. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('what 1,000 readings cost', () => {
  it('one by one: a request, two object calls and one written row each; nothing is read', async () => {
    const device = await (await newTenant()).device()
    const { meter, send } = meteredWorld()
    await send(device.token, { n: -1 }) // the first one finds the migrations, the token and a cold device
    await meterObjects(device, meter.telemetry)
    Object.assign(meter, { workerRequests: 0, objectRequests: 0 })
    Object.assign(meter.registry, none())

    vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 3_660_000 })
    await send(device.token, { n: -2 }) // a new hour, and a new look at the token
    await settled()
    const before = structuredClone(meter)
    for (let n = 0; n < 1_000; n++) {
      vi.setSystemTime(Date.now() + 20)
      expect((await send(device.token, { n })).status).toBe(200)
    }
    expect(meter.workerRequests - before.workerRequests).toBe(1_000)
    expect(meter.objectRequests - before.objectRequests).toBe(2_000)
    expect(meter.registry).toEqual(before.registry)
    await settled()
    expect(meter.telemetry.statements - before.telemetry.statements).toBe(1_000)
    expect(meter.telemetry.rowsWritten - before.telemetry.rowsWritten).toBe(1_000)
    expect(await history(device.deviceId)).toHaveLength(1_002)
  })

  it('over a day at one in 90 s: the extras are one marked hour and one saved state an hour', async () => {
    const device = await (await newTenant()).device()
    const { meter, send } = meteredWorld()
    await send(device.token, { n: -1 })
    await meterObjects(device, meter.telemetry)
    vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 3_600_000) * 3_600_000 })
    Object.assign(meter.telemetry, none())
    for (let n = 0; n < 960; n++) {
      vi.setSystemTime(Date.now() + 90_000)
      await send(device.token, { n })
    }
    const hours = 25
    const states = 25
    expect(meter.telemetry.rowsWritten).toBeLessThanOrEqual(960 + hours + states)
    expect(meter.telemetry.rowsWritten).toBeGreaterThan(960)
  })

  it('at once: the statements are shared', async () => {
    const device = await (await newTenant()).device()
    const { meter, send } = meteredWorld()
    await send(device.token, { n: -1 })
    await meterObjects(device, meter.telemetry)
    const before = structuredClone(meter.telemetry)
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => send(device.token, { n })))
    expect(meter.telemetry.rowsWritten - before.rowsWritten).toBe(1_000)
    expect(meter.telemetry.statements - before.statements).toBeLessThan(100)
  })

  it('as batches of 100: ten requests, twenty object calls, ten statements', async () => {
    const device = await (await newTenant()).device()
    const { meter, send } = meteredWorld()
    await send(device.token, { n: -1 })
    await meterObjects(device, meter.telemetry)
    const before = structuredClone(meter)
    for (let batch = 0; batch < 10; batch++) {
      await send(
        device.token,
        { items: Array.from({ length: 100 }, (_, n) => ({ telemetry: { n } })) },
        'telemetry/batch',
      )
    }
    expect(meter.workerRequests - before.workerRequests).toBe(10)
    expect(meter.objectRequests - before.objectRequests).toBe(20)
    await settled()
    expect(meter.telemetry.statements - before.telemetry.statements).toBe(10)
    expect(meter.telemetry.rowsWritten - before.telemetry.rowsWritten).toBe(1_000)
  })

  it('objects store one row of their own when a state is saved, and set no alarm', async () => {
    const device = await (await newTenant()).device()
    const { send } = meteredWorld()
    for (let n = 0; n < 100; n++) await send(device.token, { n })
    await runInDurableObject(env.DEVICE_OBJECT.getByName(device.deviceId), async (_: DeviceObject, state) => {
      for (const table of ['events', 'live', 'live_log', 'commands', 'connections', 'children']) {
        expect(state.storage.sql.exec(`SELECT * FROM ${table}`).toArray()).toEqual([])
      }
      expect(state.storage.sql.exec('SELECT * FROM saved_mark').toArray()).toHaveLength(1)
      expect(await state.storage.getAlarm()).toBeNull()
    })
    await runInDurableObject(laneOf(device.deviceId), async (_: TelemetryWriter, state) => {
      expect(await state.storage.getAlarm()).toBeNull()
    })
  })

  it('with alarm rules: a row of its object for each observation, and nothing in a database', async () => {
    const tenant = await newTenant()
    const rule = { ruleId: 'r', name: 'r', key: 'n', severityStages: [{ severity: 'MAJOR', threshold: 1e6 }] }
    const profile = await tenant.api('POST', '/api/device-profiles', {
      name: 'p',
      alarms: [rule, { ...rule, ruleId: 's' }],
    })
    const { profileId } = await profile.json<{ profileId: string }>()
    const device = await tenant.device({ profileId })
    const { meter, send } = meteredWorld()
    await send(device.token, { n: -1 })
    await settled()
    await meterObjects(device, meter.telemetry)
    const before = structuredClone(meter)
    const stub = env.DEVICE_OBJECT.getByName(device.deviceId)
    let written = 0
    await runInDurableObject(stub, (_: DeviceObject, { storage }) => {
      const exec = storage.sql.exec.bind(storage.sql)
      vi.spyOn(storage.sql, 'exec').mockImplementation((query: string, ...bound: unknown[]) => {
        if (/^INSERT|^UPDATE|^DELETE/.test(query)) written++
        return exec(query, ...bound)
      })
    })
    for (let n = 0; n < 100; n++) expect((await send(device.token, { n })).status).toBe(200)
    expect(meter.registry).toEqual(before.registry)
    expect(meter.telemetry.rowsWritten - before.telemetry.rowsWritten).toBe(100)
    expect(written).toBe(100)
    await runInDurableObject(stub, async (_: DeviceObject, state) => {
      expect(await state.storage.getAlarm()).toBeNull()
    })
  })

  it('one row more each when they are deleted', async () => {
    const tenant = await newTenant()
    const device = await tenant.device()
    const { send, world } = meteredWorld()
    const items = Array.from({ length: 100 }, (_, n) => ({ telemetry: { n } }))
    for (let batch = 0; batch < 10; batch++) await send(device.token, { items }, 'telemetry/batch')
    await tenant.api('DELETE', `/api/devices/${device.deviceId}`)
    const tally = none()
    const telemetry = { ...world.telemetry, all: [counted(env.TELEMETRY_0, tally)] }
    await sweep({ world: { ...world, telemetry }, now: Date.now() + 3_600_000 })
    expect(await history(device.deviceId)).toEqual([])
    expect(tally.rowsWritten).toBeLessThanOrEqual(1_000 + 3)
  })
})
