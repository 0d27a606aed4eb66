import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { DeviceObject } from '../../src/objects/device-object.ts'
import { counted, hooked, type Tally } from '../helpers/d1.ts'
import { TestSocket } from '../helpers/socket.ts'
import { history, newTenant, replaceDatabase, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

describe('one socket and a database that is slow and fails', () => {
  it('10,000 frames: one answer each, in order; what is acknowledged is stored once, and nothing is lost', async () => {
    const { deviceId, token } = await tenant.device()
    let statements = 0
    let failures = 0
    const restore = await replaceDatabase(deviceId, (db) =>
      hooked(db, async () => {
        statements++
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
        if (Math.random() > 0.1) return
        failures++
        throw new Error('D1_ERROR: Network connection lost.')
      }),
    )
    const socket = await TestSocket.open(`/api/v1/${token}/ws`)
    const frames = 10_000
    const window = 400
    const send = (n: number) => socket.send({ type: 'telemetry', data: { n }, id: n })
    for (let n = 0; n < window; n++) send(n)
    for (let n = 0; n < frames; n++) {
      expect(await socket.next()).toEqual({ type: 'ack', accepted: 1, id: n })
      if (n + window < frames) send(n + window)
    }
    expect(socket.pending).toBe(0)
    await restore()
    const stored = (await history(deviceId)).map(({ values }) => values.n)
    expect(stored).toHaveLength(frames)
    expect(new Set(stored).size).toBe(frames)
    expect(failures).toBeGreaterThan(0)
    expect(statements).toBeLessThan(frames / 10)
    socket.close()
  }, 60_000)
})

describe('what a socket costs', () => {
  it('a row a reading, statements shared by a burst, and nothing while it is idle', async () => {
    const { deviceId, token } = await tenant.device()
    const stub = env.DEVICE_OBJECT.getByName(deviceId)
    const socket = await TestSocket.open(`/api/v1/${token}/ws`)
    socket.send({ type: 'telemetry', data: { n: 0 } })
    await socket.next()
    await new Promise((resolve) => setTimeout(resolve, 50))

    const telemetry: Tally = { statements: 0, rowsWritten: 0, rowsRead: 0 }
    const restore = await replaceDatabase(deviceId, (db) => counted(db, telemetry))
    const own = async () =>
      runInDurableObject(stub, (_: DeviceObject, { storage }) =>
        ['events', 'saved_mark', 'live', 'live_log', 'commands', 'connections', 'children'].map(
          (table) => storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n,
        ),
      )
    const before = await own()
    for (let n = 0; n < 1_000; n++) socket.send({ type: 'telemetry', data: { n } })
    for (let n = 0; n < 1_000; n++) await socket.next()
    await restore()
    expect(telemetry.rowsWritten).toBe(1_000)
    // D1 counts what a statement unpacks, a row a reading and one a device; nothing is looked up.
    expect(telemetry.rowsRead).toBe(1_000 + telemetry.statements)
    expect(telemetry.statements).toBeLessThan(600)
    expect(await own()).toEqual(before)
    await runInDurableObject(stub, async (_: DeviceObject, { storage }) => {
      expect(await storage.getAlarm()).toBeNull()
    })
    socket.close()
  })
})
