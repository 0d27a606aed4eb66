import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { DeviceId } from '../../src/domain/ids.ts'
import type { DeviceObject } from '../../src/objects/device-object.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import { sweep } from '../../src/services/sweep/sweep.ts'
import { findIdentityByToken } from '../../src/store/device-identity.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { TestSocket } from '../helpers/socket.ts'
import { newTenant, type Problem, send, type TestDevice, type TestTenant } from '../helpers/world.ts'

interface AlarmRow {
  readonly alarmId: string
  readonly device_id: string
  readonly device_name: string
  readonly rule_name: string
  readonly severity: string
  readonly status: string
  readonly acknowledged: boolean
  readonly start_ts: number
  readonly trigger_key: string
  readonly trigger_value: unknown
  readonly message: string
  readonly clearedBy: string | null
}

const registry = openRegistry(env.DB)
const world = { registry, telemetry: openTelemetryStore(env), platform: createPlatform(env), setupToken: undefined }
const evict = (deviceId: DeviceId) => evictDurableObject(env.DEVICE_OBJECT.getByName(deviceId))

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})
afterEach(() => {
  vi.useRealTimers()
})

const hot = {
  ruleId: 'hot',
  schemaVersion: 2,
  name: 'Too hot',
  triggerMode: 'VALUE',
  sourceType: 'TELEMETRY',
  key: 't',
  valueType: 'NUMBER',
  severityStages: [
    { severity: 'MAJOR', operator: '>', threshold: 80, durationSec: 0 },
    { severity: 'CRITICAL', operator: '>', threshold: 100, durationSec: 0 },
  ],
  policies: { clearAfterSec: 0, retriggerSec: 0 },
}

async function profileWith(...alarms: object[]): Promise<string> {
  const response = await tenant.api('POST', '/api/device-profiles', {
    name: 'Probe',
    keys: { t: { label: 'Temperature', unit: '°C', decimals: 1 } },
    alarms,
  })
  expect(response.status).toBe(201)
  return (await response.json<{ profileId: string }>()).profileId
}

async function alarmsOf({ deviceId }: TestDevice, query = ''): Promise<AlarmRow[]> {
  const response = await tenant.api('GET', `/api/alarms/device/${deviceId}${query}`)
  expect(response.status).toBe(200)
  return (await response.json<{ items: AlarmRow[] }>()).items
}

const eventsOf = async (id: string) =>
  (await (await tenant.api('GET', `/api/alarms/${id}/events`)).json<{ items: { kind: string; at: number }[] }>()).items

describe('an alarm', () => {
  it('is raised, escalated and cleared by readings, in their own time', async () => {
    const device = await tenant.device({ name: 'Boiler', profileId: await profileWith(hot) })
    const start = Date.now() - 60_000
    await send(device.token, { ts: start, t: 90 })
    await expect.poll(() => alarmsOf(device)).toHaveLength(1)
    expect((await alarmsOf(device))[0]).toMatchObject({
      device_id: device.deviceId,
      device_name: 'Boiler',
      rule_name: 'Too hot',
      severity: 'MAJOR',
      status: 'ACTIVE',
      acknowledged: false,
      start_ts: start,
      trigger_key: 't',
      trigger_value: 90,
      message: 'Too hot: Temperature 90.0 °C',
    })
    await evict(device.deviceId)
    await send(device.token, { ts: start + 10_000, t: 101 })
    await send(device.token, { ts: start + 5_000, t: 20 }) // late: history only
    await send(device.token, { ts: start + 20_000, t: 50 })
    await expect.poll(async () => (await alarmsOf(device))[0]?.status).toBe('CLEARED')
    const [alarm] = await alarmsOf(device)
    expect(alarm).toMatchObject({ severity: 'CRITICAL', clearedBy: 'rule' })
    expect((await eventsOf(alarm?.alarmId ?? '')).map(({ kind, at }) => [kind, at - start])).toEqual([
      ['raised', 0],
      ['escalated', 10_000],
      ['cleared', 20_000],
    ])
  })

  it('is one, however many readings trigger it at once', async () => {
    const device = await tenant.device({ profileId: await profileWith(hot) })
    await send(device.token, { t: 20 })
    const identity = await findIdentityByToken(registry, device.token)
    if (!identity) throw new Error('no such device')
    const now = Date.now()
    const platform = createPlatform(env)
    const triggers = Array.from({ length: 1_000 }, (_, n) => ({ times: [now + n], json: `[{"t":${90 + (n % 20)}}]` }))
    await Promise.all(
      triggers.map((readings) =>
        platform.device(device.deviceId).observe({ device: identity, receivedAt: now, readings }),
      ),
    )
    await expect.poll(() => alarmsOf(device)).toHaveLength(1)
    const { results } = await env.DB.prepare("SELECT id FROM alarms WHERE device_id = ? AND status = 'ACTIVE'")
      .bind(device.deviceId)
      .all()
    expect(results).toHaveLength(1)
  })

  it('waits for its duration, by the object’s alarm, through an eviction', async () => {
    const rule = { ...hot, severityStages: [{ severity: 'MINOR', operator: '>', threshold: 80, durationSec: 30 }] }
    const device = await tenant.device({ profileId: await profileWith(rule) })
    const start = Date.now()
    await send(device.token, { ts: start, t: 90 })
    expect(await alarmsOf(device)).toEqual([])
    const stub = env.DEVICE_OBJECT.getByName(device.deviceId)
    const due = await runInDurableObject(stub, (_: DeviceObject, { storage }) => storage.getAlarm())
    expect(Math.abs((due ?? 0) - start - 30_000)).toBeLessThan(1_500)
    await evict(device.deviceId)
    vi.useFakeTimers({ toFake: ['Date'], now: start + 32_000 })
    await runDurableObjectAlarm(stub)
    const [alarm] = await alarmsOf(device)
    expect(alarm).toMatchObject({ severity: 'MINOR', start_ts: start + 30_000 })
  })

  it('is acknowledged, shelved and cleared by people; twice is as once', async () => {
    const device = await tenant.device({ profileId: await profileWith(hot) })
    await send(device.token, { t: 90 })
    await expect.poll(() => alarmsOf(device)).toHaveLength(1)
    const id = (await alarmsOf(device))[0]?.alarmId ?? ''
    const act = async (what: string, body?: unknown) =>
      (await tenant.api('PATCH', `/api/alarms/${id}/${what}`, body)).json()
    expect(await act('ack')).toMatchObject({ acknowledged: true, status: 'ACTIVE', state: 'ACTIVE_ACK' })
    expect(await act('ack')).toMatchObject({ acknowledged: true, status: 'ACTIVE' })
    expect(await act('shelve', { minutes: 5 })).toMatchObject({ shelved: true })
    expect(await act('clear')).toMatchObject({ status: 'CLEARED' })
    expect(await act('clear')).toMatchObject({ status: 'CLEARED' })
    expect((await tenant.api('PATCH', `/api/alarms/${id}/shelve`, { minutes: 5 })).status).toBe(409)
    expect((await eventsOf(id)).map(({ kind }) => kind)).toEqual(['raised', 'acknowledged', 'shelved', 'cleared'])
    await send(device.token, { t: 91 }) // it holds still: a new alarm, on the shelf of its rule
    await expect.poll(() => alarmsOf(device)).toHaveLength(2)
    expect((await alarmsOf(device, '?status=active'))[0]).toMatchObject({ status: 'ACTIVE', shelved: true })
  })

  it('is acknowledged with others, those that are over too', async () => {
    const device = await tenant.device({ profileId: await profileWith(hot) })
    for (const t of [90, 20, 90]) await send(device.token, { t })
    await expect.poll(() => alarmsOf(device)).toHaveLength(2)
    const alarmIds = (await alarmsOf(device)).map(({ alarmId }) => alarmId)
    const answer = await tenant.api('PATCH', '/api/alarms/ack/bulk', { alarmIds: [...alarmIds, 'unknown'] })
    expect(await answer.json()).toEqual({ acknowledged: 2, missing: ['unknown'] })
    expect((await alarmsOf(device)).every(({ acknowledged }) => acknowledged)).toBe(true)
    expect(await alarmsOf(device, '?acknowledged=false')).toEqual([])
  })

  it('takes the threshold from a shared attribute, from the next reading on', async () => {
    const stage = { severity: 'MAJOR', operator: '>', threshold: 80, thresholdAttribute: 'limit', durationSec: 0 }
    const device = await tenant.device({ profileId: await profileWith({ ...hot, severityStages: [stage] }) })
    const path = `/api/devices/${device.deviceId}/attributes`
    await tenant.api('POST', path, { scope: 'SHARED', attributes: { limit: 95 } })
    await send(device.token, { t: 90 })
    expect(await alarmsOf(device)).toEqual([])
    await tenant.api('POST', path, { scope: 'SHARED', attributes: { limit: 85 } })
    await send(device.token, { t: 90 })
    await expect.poll(() => alarmsOf(device)).toHaveLength(1)
  })

  it('comes of an attribute too', async () => {
    const rule = { ...hot, sourceType: 'ATTRIBUTE', attributeScope: 'CLIENT', key: 'errors' }
    const device = await tenant.device({ profileId: await profileWith(rule) })
    await send(device.token, { errors: 90 })
    await send(device.token, { errors: 90 }, {}, 'attributes')
    await expect.poll(() => alarmsOf(device)).toHaveLength(1)
  })

  it('is told to those who watch the device', async () => {
    const device = await tenant.device({ profileId: await profileWith(hot) })
    const socket = await TestSocket.open(`/api/devices/${device.deviceId}/live`, {
      authorization: `Bearer ${tenant.apiKey}`,
    })
    await send(device.token, { t: 90 })
    for (;;) {
      const event = await socket.next<{ type: string }>()
      if (event.type !== 'alarm') continue
      expect(event).toMatchObject({ alarm: { severity: 'MAJOR', status: 'ACTIVE' }, event: { kind: 'raised' } })
      break
    }
    socket.close()
  })

  it('goes with its rule, also of a device that says nothing more', async () => {
    const profileId = await profileWith(hot)
    const device = await tenant.device({ profileId })
    await send(device.token, { t: 90 })
    await expect.poll(() => alarmsOf(device)).toHaveLength(1)
    await tenant.api('PUT', `/api/device-profiles/${profileId}`, { alarms: [] })
    await sweep({ world, now: Date.now() })
    await expect
      .poll(async () => (await alarmsOf(device))[0])
      .toMatchObject({ status: 'CLEARED', clearedBy: 'rule_removed' })
  })
})

describe('silence', () => {
  const silent = {
    ...hot,
    ruleId: 'silent',
    name: 'Silent',
    triggerMode: 'OFFLINE',
    key: '',
    severityStages: [{ severity: 'CRITICAL' }],
  }
  const ring = async (devices: readonly TestDevice[]) => {
    for (const { deviceId } of devices) await runDurableObjectAlarm(env.DEVICE_OBJECT.getByName(deviceId))
  }

  it('of a gateway is one alarm, and none of its children', async () => {
    const profileId = await profileWith(silent)
    const fields = { profileId, inactivityTimeoutMs: 60_000 }
    const gateway = await tenant.device({ ...fields, isGateway: true })
    const children = await Promise.all(
      Array.from({ length: 5 }, () => tenant.device({ ...fields, parentGatewayId: gateway.deviceId })),
    )
    for (const { deviceId } of children) await send(gateway.token, { childDeviceId: deviceId, telemetry: { a: 1 } })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 70_000 })
    await ring([...children, gateway])
    const raised = await Promise.all([gateway, ...children].map((device) => alarmsOf(device)))
    expect(raised.map(({ length }) => length)).toEqual([1, 0, 0, 0, 0, 0])
  })

  it('of a child whose gateway speaks on is its own alarm', async () => {
    const profileId = await profileWith(silent)
    const fields = { profileId, inactivityTimeoutMs: 60_000 }
    const gateway = await tenant.device({ ...fields, isGateway: true })
    const child = await tenant.device({ ...fields, parentGatewayId: gateway.deviceId })
    await send(gateway.token, { childDeviceId: child.deviceId, telemetry: { a: 1 } })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 65_000 })
    await send(gateway.token, { a: 1 })
    await ring([child])
    expect(await alarmsOf(child)).toHaveLength(1)
    await send(gateway.token, { childDeviceId: child.deviceId, telemetry: { a: 1 } })
    await expect.poll(async () => (await alarmsOf(child))[0]?.status).toBe('CLEARED')
  })
})

describe('a rule', () => {
  it('is previewed on what is stored', async () => {
    const profileId = await profileWith()
    const device = await tenant.device({ profileId })
    const start = Date.now() - 600_000
    for (const [i, t] of [90, 50, 110, 50, 90].entries()) await send(device.token, { ts: start + i * 60_000, t })
    const preview = await tenant.api('POST', `/api/device-profiles/${profileId}/alarm-rules/preview`, { rule: hot })
    expect(await preview.json()).toMatchObject({
      devices: 1,
      readings: 5,
      raised: 3,
      truncated: false,
      firings: [
        { severity: 'MAJOR', raisedAt: start, clearedAt: start + 60_000 },
        { severity: 'CRITICAL', raisedAt: start + 120_000, clearedAt: start + 180_000 },
        { severity: 'MAJOR', raisedAt: start + 240_000, clearedAt: null },
      ],
    })
    expect(await alarmsOf(device)).toEqual([])
  })

  it.each([
    { ...hot, severityStages: [] },
    { ...hot, key: '' },
    { ...hot, triggerMode: 'NO_UPDATE' },
    { ...hot, valueType: 'STRING' },
    { ...hot, severityStages: [{ severity: 'FATAL', operator: '>', threshold: 1 }] },
  ])('is refused where it makes no sense: %#', async (rule) => {
    const response = await tenant.api('POST', '/api/device-profiles', { name: 'x', alarms: [rule] })
    expect((await response.json<Problem>()).code).toBe('validation_rejected')
  })
})

describe('the escalation settings', () => {
  it('have defaults, and keep what is not named', async () => {
    const path = '/api/alarms/escalation-settings'
    expect(await (await tenant.api('PATCH', path, { l1ToL2Minutes: 5 })).json()).toMatchObject({ l1ToL2Minutes: 5 })
    expect(await (await tenant.api('GET', path)).json()).toEqual({
      l1ToL2Minutes: 5,
      l2ToL3Minutes: 30,
      stopOnAck: true,
      stopOnClear: true,
    })
  })
})
