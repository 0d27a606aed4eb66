import { beforeAll, describe, expect, it } from 'vitest'
import { MqttClient } from '../helpers/mqtt.ts'
import { newTenant, type TestDevice, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
beforeAll(async () => {
  tenant = await newTenant()
})

const share = ({ deviceId }: TestDevice, values: Record<string, unknown>) =>
  tenant.api('POST', `/api/devices/${deviceId}/attributes`, { scope: 'SHARED', attributes: values })
const command = ({ deviceId }: TestDevice, body: object) =>
  tenant.api('POST', `/api/devices/${deviceId}/commands`, body)
const state = async ({ deviceId }: TestDevice) => {
  const answer = await tenant.api('GET', `/api/devices/${deviceId}/commands`)
  const { items } = await answer.json<{ items: { state: string; deliveredAt?: unknown }[] }>()
  return items[0]?.state
}

describe("ThingsBoard's attribute topics", () => {
  it('take client attributes, and tell what changes of the shared ones, flat', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token)
    await client.subscribe('v1/devices/me/attributes')
    await client.said('v1/devices/me/attributes', { firmware: '1.2' })
    await share(device, { speed: 4, mode: 'eco' })
    expect(await client.message()).toMatchObject({
      topic: 'v1/devices/me/attributes',
      text: '{"speed":4,"mode":"eco"}',
      packet: { retain: false },
    })
    const rows = await (await tenant.api('GET', `/api/devices/${device.deviceId}/attributes?scope=CLIENT`)).json<
      { scope: string; key: string; value: unknown }[]
    >()
    expect(rows.filter(({ scope }) => scope === 'CLIENT')).toMatchObject([{ key: 'firmware', value: '1.2' }])
    expect(client.pending).toEqual([])
    client.close()
  })

  it('answer a request by scope and key, under its id', async () => {
    const device = await tenant.device()
    await share(device, { speed: 4, mode: 'eco' })
    const client = await MqttClient.connect(device.token)
    await client.subscribe('v1/devices/me/attributes/response/+')
    await client.said('v1/devices/me/attributes', { firmware: '1.2', board: 'c3' })
    const ask = async (id: number, body: unknown) => {
      client.publish(`v1/devices/me/attributes/request/${id}`, body)
      const { topic, text } = await client.message()
      expect(topic).toBe(`v1/devices/me/attributes/response/${id}`)
      return JSON.parse(text)
    }
    expect(await ask(1, { clientKeys: 'firmware,none', sharedKeys: 'speed' })).toEqual({
      client: { firmware: '1.2' },
      shared: { speed: 4 },
    })
    expect(await ask(2, { sharedKeys: 'mode, none' })).toEqual({ shared: { mode: 'eco' } })
    expect(await ask(3, { clientKeys: 'none' })).toEqual({ client: {} })
    const all = { client: { firmware: '1.2', board: 'c3' }, shared: { speed: 4, mode: 'eco' } }
    expect(await ask(4, {})).toEqual(all)
    expect(await ask(5, '')).toEqual(all)
    client.close()
  })
})

describe('shared attributes', () => {
  it('come live as retained to who asks for Retain As Published, and nothing but the snapshot is kept', async () => {
    const device = await tenant.device()
    await share(device, { a: 1, b: 1 })
    const client = await MqttClient.connect(device.token, { version: 5 })
    const subscriptions = [{ topic: 'v1/devices/me/attributes/shared', qos: 1, rap: true } as const]
    client.send({ cmd: 'subscribe', messageId: 900, subscriptions })
    expect(await client.message()).toMatchObject({ text: '{"a":1,"b":1}', packet: { retain: true } })
    await share(device, { a: 2 })
    expect(await client.message()).toMatchObject({ text: '{"a":2}', packet: { retain: true } })
    const late = await MqttClient.connect(device.token, { clientId: 'late' })
    await late.subscribe('v1/devices/me/attributes/shared')
    expect(await late.message()).toMatchObject({ text: '{"a":2,"b":1}', packet: { retain: true } })
    expect(late.pending).toEqual([])
    late.close()
    client.close()
  })

  it('that nobody set are not told to who subscribes to more', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token)
    await client.subscribe('v1/devices/me/#')
    client.publish('v1/devices/me/x', 'hi')
    expect(await client.message()).toMatchObject({ topic: 'v1/devices/me/x' })
    client.close()
  })

  it('are published by the service only', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token, { version: 5 })
    await client.subscribe('v1/devices/me/#')
    const puback = await client.said('v1/devices/me/attributes/shared', { a: 1 }, { retain: true })
    expect(puback.reasonCode).toBe(0x87)
    client.publish('v1/devices/me/x', 'hi')
    expect(await client.message()).toMatchObject({ topic: 'v1/devices/me/x' })
    client.close()
  })
})

describe('a command', () => {
  it('is delivered when a client has it, whatever kind of session, and may be answered still', async () => {
    const device = await tenant.device()
    for (const clean of [true, false]) {
      const client = await MqttClient.connect(device.token, { clean })
      await client.subscribe('v1/devices/me/rpc/request/+')
      await command(device, { method: 'ping', requestId: `r-${clean}` })
      const asked = await client.next('publish')
      expect(await state(device)).toBe('sent')
      client.send({ cmd: 'puback', messageId: asked.messageId ?? 0 })
      await expect.poll(() => state(device)).toBe('delivered')
      await client.said(`v1/devices/me/rpc/response/r-${clean}`, { success: true })
      expect(await state(device)).toBe('succeeded')
      await client.disconnect()
    }
  })

  it('that asks for no answer is delivered as well, and an answer counts all the same', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token)
    await client.subscribe('v1/devices/me/rpc/request/+')
    await command(device, { method: 'ping', oneWay: true, requestId: 'once' })
    await client.message()
    await expect.poll(() => state(device)).toBe('delivered')
    await client.said('v1/devices/me/rpc/response/once', { success: true })
    expect(await state(device)).toBe('succeeded')
    client.close()
  })

  it('that was delivered and not answered is sent again, if it is to be', async () => {
    const device = await tenant.device()
    const client = await MqttClient.connect(device.token)
    await client.subscribe('v1/devices/me/rpc/request/+')
    await command(device, { method: 'ping', persistent: true, timeoutMs: 500 })
    expect(JSON.parse((await client.message()).text)).not.toHaveProperty('attempt')
    expect(JSON.parse((await client.message()).text)).toMatchObject({ attempt: 1 })
    client.close()
  })
})
