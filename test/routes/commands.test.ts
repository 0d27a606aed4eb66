import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { DeviceObject } from '../../src/objects/device-object.ts'
import { newTenant, request, send, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

interface Answer {
  readonly success: boolean
  readonly code?: string
  readonly id: string
  readonly requestId: string
  readonly state: string
  readonly result: unknown
}

const stub = ({ deviceId }: TestDevice) => env.DEVICE_OBJECT.getByName(deviceId)
const command = async (device: TestDevice, body: object) =>
  (await tenant.api('POST', `/api/devices/${device.deviceId}/commands`, body)).json<Answer>()
const stateOf = async (device: TestDevice, id: string) =>
  (await (await tenant.api('GET', `/api/devices/${device.deviceId}/commands/${id}`)).json<{ state: string }>()).state
const poll = (device: TestDevice, timeout = 0, query = '') =>
  request('GET', `/api/v1/${device.token}/rpc?timeout=${timeout}${query}`)
const respond = async (device: TestDevice, requestId: string, body: object) =>
  (await request('POST', `/api/v1/${device.token}/rpc/${requestId}`, { body: JSON.stringify(body) })).status

describe('a device that asks for its commands', () => {
  it('is given them in order, and answers', async () => {
    const device = await tenant.device()
    expect((await poll(device)).status).toBe(204)
    const one = await command(device, { method: 'one', params: { a: [1] }, persistent: true })
    const two = await command(device, { method: 'two', persistent: true, requestId: 'mine' })
    await evictDurableObject(stub(device))
    expect(await (await poll(device)).json()).toEqual({
      id: one.requestId,
      requestId: one.requestId,
      method: 'one',
      params: { a: [1] },
      attempt: 0,
    })
    await expect.poll(() => stateOf(device, one.id)).toBe('sent')
    expect(await respond(device, one.requestId, { success: true, b: 2 })).toBe(200)
    expect(await respond(device, one.requestId, { success: true, b: 2 })).toBe(200)
    expect(await (await poll(device)).json()).toMatchObject({ requestId: 'mine', method: 'two' })
    expect(await respond(device, 'mine', { success: false })).toBe(200)
    expect(await stateOf(device, one.id)).toBe('succeeded')
    expect(await stateOf(device, two.id)).toBe('failed')
    expect(await respond(device, 'nobody-asked', {})).toBe(404)
  })

  it('waits for one, and is told at once', async () => {
    const device = await tenant.device()
    const waiting = poll(device, 5_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const sent = command(device, { type: 'set_channel_state', channel: 1, state: true, wait: true, retries: 3 })
    const asked = await (await waiting).json<{ requestId: string }>()
    expect(asked).toMatchObject({ method: 'set_channel_state', params: { channel: 1, state: true } })
    await respond(device, asked.requestId, { success: true })
    expect(await sent).toMatchObject({ success: true, state: 'succeeded', transport: 'http' })
  })

  it('is given what waits with the answer to its telemetry, where it asks for it', async () => {
    const device = await tenant.device()
    await command(device, { method: 'one', persistent: true })
    expect(await (await send(device.token, { a: 1 })).json()).not.toHaveProperty('commands')
    const answer = await (await send(device.token, { a: 1 }, {}, 'telemetry?commands=true')).json()
    expect(answer).toMatchObject({ success: true, commands: [{ method: 'one', attempt: 0 }] })
  })

  it('has a one-way command when it says so, not when it asks for another', async () => {
    const device = await tenant.device()
    const { id, requestId } = await command(device, { method: 'beep', twoWay: false, persistent: true })
    await poll(device)
    await poll(device)
    await expect.poll(() => stateOf(device, id)).toBe('sent')
    expect(await respond(device, requestId, {})).toBe(200)
    expect(await stateOf(device, id)).toBe('succeeded')
  })

  it('is answered for its telemetry though its commands cannot be had', async () => {
    const device = await tenant.device()
    const take = vi.spyOn(DeviceObject.prototype, 'takeCommands').mockRejectedValueOnce(new Error('reset'))
    const answer = await send(device.token, { a: 1 }, {}, 'telemetry?commands=true')
    expect(take).toHaveBeenCalled()
    take.mockRestore()
    expect(answer.status).toBe(200)
    expect(await answer.json()).not.toHaveProperty('commands')
  })

  it('asks for a child through its gateway only', async () => {
    const gateway = await tenant.device({ isGateway: true })
    const child = await tenant.device({ parentGatewayId: gateway.deviceId })
    const other = await tenant.device()
    await command(child, { method: 'x', persistent: true, requestId: 'x' })
    expect(await (await poll(gateway, 0, `&childDeviceId=${child.deviceId}`)).json()).toMatchObject({
      requestId: 'x',
      childDeviceId: child.deviceId,
    })
    expect((await poll(gateway, 0, `&childDeviceId=${other.deviceId}`)).status).toBe(404)
    expect((await poll(other, 0, `&childDeviceId=${child.deviceId}`)).status).toBe(403)
  })
})

describe('a command', () => {
  it('is one, however often its sender asks with one requestId', async () => {
    const device = await tenant.device()
    const first = await command(device, { method: 'x', persistent: true, requestId: 'same' })
    expect(await command(device, { method: 'x', persistent: true, requestId: 'same' })).toEqual(first)
  })

  it('expires when its time is over, and is not sent after', async () => {
    const device = await tenant.device()
    const { id } = await command(device, { method: 'x', persistent: true, expiresIn: 60_000 })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 59_000 })
    try {
      await runDurableObjectAlarm(stub(device))
      expect(await stateOf(device, id)).toBe('queued')
      vi.setSystemTime(Date.now() + 1_500)
      await runDurableObjectAlarm(stub(device))
      expect(await stateOf(device, id)).toBe('expired')
      expect((await poll(device)).status).toBe(204)
    } finally {
      vi.useRealTimers()
    }
  })

  it('comes again when it was not answered in time, and is given up where it may not', async () => {
    const device = await tenant.device()
    const again = await command(device, { method: 'x', persistent: true, timeoutMs: 1_000, requestId: 'again' })
    await poll(device)
    const once = await command(device, { method: 'y', timeoutMs: 1_000, requestId: 'once' })
    expect(await (await poll(device)).json()).toMatchObject({ requestId: 'once' })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_500 })
    try {
      await runDurableObjectAlarm(stub(device))
      expect(await stateOf(device, again.id)).toBe('queued')
      expect(await stateOf(device, once.id)).toBe('expired')
      expect(await (await poll(device)).json()).toMatchObject({ requestId: 'again', attempt: 1 })
    } finally {
      vi.useRealTimers()
    }
  })

  it('can be cancelled while it is not over', async () => {
    const device = await tenant.device()
    const { id } = await command(device, { method: 'x', persistent: true })
    const cancel = () => tenant.api('DELETE', `/api/devices/${device.deviceId}/commands/${id}`)
    expect(await (await cancel()).json()).toMatchObject({ state: 'cancelled' })
    expect((await cancel()).status).toBe(409)
    expect((await poll(device)).status).toBe(204)
  })

  it('is bounded in number and size, and checked', async () => {
    const device = await tenant.device()
    const post = (body: unknown) => tenant.api('POST', `/api/devices/${device.deviceId}/commands`, body)
    expect((await post({})).status).toBe(422)
    expect((await post('no json')).status).toBe(400)
    expect((await post({ method: 'x', params: 'x'.repeat(70_000) })).status).toBe(422)
    expect((await post({ method: 'x', persistent: true, expiresAt: 1 })).status).toBe(422)
    for (let n = 0; n < 100; n++) expect((await post({ method: 'x', persistent: true })).status).toBe(200)
    const full = await post({ method: 'x', persistent: true })
    expect(full.status).toBe(429)
    expect(await full.json()).toMatchObject({ code: 'quota_exceeded', limit: 'commands_under_way' })
  })
})
