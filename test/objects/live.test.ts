import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { TenantId } from '../../src/domain/ids.ts'
import { limits } from '../../src/domain/limits.ts'
import type { DeviceIdentity } from '../../src/domain/principal.ts'
import type { DeviceObject } from '../../src/objects/device-object.ts'
import { findDeviceIdentities } from '../../src/store/device-identity.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { type Before, hooked } from '../helpers/d1.ts'
import { TestSocket } from '../helpers/socket.ts'
import { newTenant, request, send, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

const stub = ({ deviceId }: TestDevice) => env.DEVICE_OBJECT.getByName(deviceId)
const evict = (device: TestDevice, webSockets: 'hibernate' | 'close' = 'hibernate') =>
  evictDurableObject(stub(device), { webSockets })
const watch = (device: TestDevice, query = '', headers = {}) =>
  TestSocket.open(`/api/devices/${device.deviceId}/live${query}`, {
    authorization: `Bearer ${tenant.apiKey}`,
    ...headers,
  })

interface Frame {
  readonly type: string
  readonly id: string
  readonly ts: number
  readonly values: Record<string, unknown>
  readonly readings: { ts: number; values: Record<string, unknown> }[]
}

/** Up to and with the frame of this type. */
async function until(socket: TestSocket, type: string): Promise<Frame[]> {
  const frames: Frame[] = []
  do frames.push(await socket.next<Frame>())
  while (frames.at(-1)?.type !== type)
  return frames
}

/** Holds who comes by. Asked again and again: a promise would take its waiter into the object's own context. */
function gate() {
  let state: 'closed' | 'reached' | 'open' = 'closed'
  return {
    reached: () => expect.poll(() => state).toBe('reached'),
    open() {
      state = 'open'
    },
    async pass() {
      if (state === 'closed') state = 'reached'
      while (state !== 'open') await new Promise((resolve) => setTimeout(resolve, 5))
    },
  }
}

function replaceHistory(device: TestDevice, db: D1Database) {
  return runInDurableObject(stub(device), (object: DeviceObject) => {
    Object.assign(object, { env: { ...env, TELEMETRY_0: db } })
  })
}

/** More than the log keeps. */
async function burst({ deviceId }: TestDevice): Promise<void> {
  const found = await findDeviceIdentities(openRegistry(env.DB), tenant.tenantId as TenantId, [deviceId])
  const device = found.get(deviceId) as DeviceIdentity
  await runInDurableObject(stub({ deviceId, token: '' }), async (object: DeviceObject) => {
    for (let ts = 0; ts <= limits.liveRows; ts++) {
      await object.observe({ device, receivedAt: ts, readings: { times: [ts], json: '[{"n":1}]' } })
    }
  })
}

/** As many readings as no other read of the object asks for. */
const asked = '?limit=7'
const isHistory = (statements: Parameters<Before>[0]) => statements.some(({ values }) => values[3] === 7)
const beforeHistory = (device: TestDevice, wait: () => Promise<void>) =>
  replaceHistory(
    device,
    hooked(env.TELEMETRY_0, async (statements) => {
      if (isHistory(statements)) await wait()
    }),
  )
const afterHistory = (device: TestDevice, wait: () => Promise<void>) =>
  replaceHistory(
    device,
    hooked(
      env.TELEMETRY_0,
      () => undefined,
      async (statements) => {
        if (isHistory(statements)) await wait()
      },
    ),
  )

describe('the live feed', () => {
  it('tells history first, then each thing as it happens', async () => {
    const device = await tenant.device()
    for (let n = 0; n < 3; n++) await send(device.token, { n, other: 1 })
    const socket = await watch(device, '?keys=n&limit=2')
    const [history, ready] = await until(socket, 'ready')
    expect(history?.readings.map(({ values }) => values)).toEqual([{ n: 1 }, { n: 2 }])
    expect(ready?.id).toMatch(/^[a-z0-9]+\.\d+$/)
    await evict(device)
    await send(device.token, { n: 3, other: 1 })
    await send(device.token, { other: 2 })
    await tenant.api('POST', `/api/devices/${device.deviceId}/attributes`, { scope: 'SHARED', attributes: { a: 1 } })
    await tenant.api('POST', `/api/devices/${device.deviceId}/commands`, { method: 'ping' })
    await send(device.token, {})
    expect(await socket.next()).toMatchObject({ type: 'telemetry', values: { n: 3 } })
    expect(await socket.next()).toMatchObject({ type: 'attribute', scope: 'shared', key: 'a', value: 1 })
    const rest = await until(socket, 'event')
    expect(rest.map(({ type }) => type)).toEqual(['command', 'command', 'event'])
    expect(rest.at(-1)).toMatchObject({ event: { kind: 'uplink_rejected' } })
    socket.close()
  })

  it('goes on after the last event, without a gap or a repeat, through evictions', async () => {
    const device = await tenant.device()
    const first = await watch(device)
    await until(first, 'ready')
    await send(device.token, { n: 0 })
    const { id } = await first.next<Frame>()
    first.close()
    await evict(device)
    for (let n = 1; n <= 5; n++) {
      await send(device.token, { n })
      await evict(device)
    }
    const second = await watch(device, `?lastEventId=${id}`)
    const [ready] = await until(second, 'ready')
    expect(ready?.id).toBe(id)
    const seen: unknown[] = []
    for (let n = 1; n <= 5; n++) seen.push((await second.next<Frame>()).values)
    expect(seen).toEqual([1, 2, 3, 4, 5].map((n) => ({ n })))
    second.close()
  })

  it('says resync where an id is too old, or nobody watched in between', async () => {
    const device = await tenant.device()
    const socket = await watch(device, '?lastEventId=someepoch.7')
    expect((await until(socket, 'ready')).map(({ type }) => type)).toEqual(['resync', 'ready'])
    await send(device.token, { n: 0 })
    const { id } = await socket.next<Frame>()
    socket.close()
    await evict(device, 'close')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + limits.liveResumeMs + 60_000 })
    try {
      await send(device.token, { n: 1 })
      vi.setSystemTime(Date.now() + limits.liveResumeMs + 60_000)
      await send(device.token, { n: 2 })
      const late = await watch(device, `?lastEventId=${id}`)
      const frames = await until(late, 'ready')
      expect(frames.map(({ type }) => type)).toEqual(['resync', 'history', 'ready'])
      expect(frames[1]?.readings).toHaveLength(3)
      late.close()
    } finally {
      vi.useRealTimers()
    }
  })

  it('goes on above what an earlier watch left', async () => {
    const device = await tenant.device()
    const early = await watch(device)
    await until(early, 'ready')
    for (let n = 0; n < 20; n++) await send(device.token, { n })
    early.close()
    await evict(device, 'close')
    await runInDurableObject(stub(device), () => undefined) // it wakes before the time passes
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + limits.liveResumeMs + 60_000 })
    try {
      await send(device.token, { n: 20 })
      await evict(device)
      const late = await watch(device, '?limit=0')
      const [ready] = await until(late, 'ready')
      await evict(device)
      await send(device.token, { n: 21 })
      expect(await late.next()).toMatchObject({ values: { n: 21 } })
      late.close()
      const again = await watch(device, `?lastEventId=${ready?.id}`)
      expect((await until(again, 'ready')).map(({ type }) => type)).toEqual(['ready'])
      expect(await again.next()).toMatchObject({ values: { n: 21 } })
      expect(again.pending).toBe(0)
      again.close()
    } finally {
      vi.useRealTimers()
    }
  })

  it('still hears when another left while its history was read', async () => {
    const device = await tenant.device()
    const other = await watch(device)
    await until(other, 'ready')
    const reading = gate()
    await beforeHistory(device, reading.pass)
    const opening = watch(device, asked)
    await reading.reached()
    other.close()
    await new Promise((resolve) => setTimeout(resolve, 100))
    reading.open()
    const socket = await opening
    await until(socket, 'ready')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + limits.liveResumeMs + 1_000 })
    try {
      await send(device.token, { n: 1 })
      expect(await socket.next()).toMatchObject({ values: { n: 1 } })
    } finally {
      vi.useRealTimers()
      socket.close()
    }
  })

  it('has no gap where more happens during the read of history than the log holds', async () => {
    const device = await tenant.device()
    let reads = 0
    await beforeHistory(device, async () => {
      if (++reads > 1) return
      await burst(device)
    })
    const socket = await watch(device, asked)
    const [ready] = await until(socket, 'ready')
    expect(ready?.id).toMatch(new RegExp(`\\.${limits.liveRows + 1}$`))
    expect(reads).toBe(2)
    socket.close()
  })

  it('refuses a feed whose history is never read before the log is over', async () => {
    const device = await tenant.device()
    await beforeHistory(device, () => burst(device))
    const headers = { upgrade: 'websocket', authorization: `Bearer ${tenant.apiKey}` }
    expect((await request('GET', `/api/devices/${device.deviceId}/live${asked}`, { headers })).status).toBe(503)
  })

  it('tells a reading that was corrected while its history was read', async () => {
    const device = await tenant.device()
    await send(device.token, { ts: 1_790_000_000_000, telemetry: { n: 1 } })
    const reading = gate()
    await afterHistory(device, reading.pass)
    const opening = watch(device, asked)
    await reading.reached()
    await send(device.token, { ts: 1_790_000_000_000, telemetry: { n: 2 } })
    reading.open()
    const socket = await opening
    expect((await until(socket, 'ready'))[0]?.readings).toMatchObject([{ values: { n: 1 } }])
    expect(await socket.next()).toMatchObject({ type: 'telemetry', values: { n: 2 } })
    socket.close()
  })

  it('ends after a while, so that the reader’s rights are looked up again', async () => {
    const device = await tenant.device()
    const socket = await watch(device)
    await until(socket, 'ready')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + limits.liveRightsMs + 1_000 })
    try {
      await send(device.token, { n: 1 })
      expect(await socket.next()).toMatchObject({ values: { n: 1 } })
      expect(await socket.closed).toMatchObject({ code: 1012 })
    } finally {
      vi.useRealTimers()
    }
  })

  it('drops a reader that confirms nothing, and holds nobody up', async () => {
    const device = await tenant.device()
    const slow = await watch(device)
    const quick = await watch(device)
    await until(slow, 'ready')
    await until(quick, 'ready')
    const text = 'x'.repeat(limits.valueBytes)
    const body = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, text]))
    let told = 0
    for (let n = 0; n < 24; n++) {
      expect((await send(device.token, body)).status).toBe(200)
      for (let frame = await quick.next<Frame & { n: number }>(); ; frame = await quick.next()) {
        if (frame.type === 'telemetry') break
        quick.send({ type: 'check', n: frame.n })
      }
      told++
    }
    expect(told).toBe(24)
    expect(await slow.closed).toMatchObject({ code: 1013 })
    quick.close()
  })

  it('drops the slowest where all of them together read too little', async () => {
    const device = await tenant.device()
    const readers = await Promise.all(Array.from({ length: 60 }, () => watch(device)))
    const seen = { closed: 0 }
    for (const reader of readers) {
      await until(reader, 'ready')
      void reader.closed.then(({ code }) => code === 1013 && seen.closed++)
    }
    // Each of them stays below what one may leave unread.
    const text = 'x'.repeat(limits.valueBytes)
    const body = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, text]))
    const rounds = Math.ceil(limits.liveUnreadBytesOfAll / readers.length / (50 * limits.valueBytes)) + 1
    expect(rounds * 50 * limits.valueBytes).toBeLessThan(limits.liveUnreadBytes)
    for (let n = 0; n < rounds; n++) expect((await send(device.token, body)).status).toBe(200)
    await expect.poll(() => seen.closed).toBeGreaterThan(0)
    expect(seen.closed).toBeLessThan(readers.length)
    for (const reader of readers) reader.close()
    await Promise.all(readers.map(({ closed }) => closed))
  })

  it('is for those who may read, and for pages of our own', async () => {
    const device = await tenant.device()
    const path = `/api/devices/${device.deviceId}/live`
    const upgrade = { upgrade: 'websocket' }
    const ask = async (headers: Record<string, string>) => (await request('GET', path, { headers })).status
    const authorization = `Bearer ${tenant.apiKey}`
    expect(await ask(upgrade)).toBe(401)
    expect(await ask({ authorization })).toBe(426)
    expect(await ask({ ...upgrade, authorization: `Bearer ${(await newTenant()).apiKey}` })).toBe(404)
    expect(await ask({ ...upgrade, authorization, origin: 'https://evil.example' })).toBe(403)
    const own = await watch(device, '', { origin: 'https://edge.test' })
    await until(own, 'ready')
    own.close()
  })

  it('costs a device nothing that nobody watches', async () => {
    const device = await tenant.device()
    await send(device.token, { n: 1 })
    await send(device.token, { n: 2 })
    await runInDurableObject(stub(device), (_, state) => {
      expect(state.storage.sql.exec('SELECT * FROM live_log').toArray()).toEqual([])
      expect(state.storage.sql.exec('SELECT * FROM live').toArray()).toEqual([])
    })
  })
})
