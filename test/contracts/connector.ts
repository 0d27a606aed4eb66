import { Encoder } from 'cbor-x/index-no-eval'
import { beforeAll, describe, expect, it } from 'vitest'
import type { DeviceConnector, WebhookConnector } from '../../src/connectors/connector.ts'
import type { DeviceId } from '../../src/domain/ids.ts'
import { defaultWebhookSettings } from '../../src/domain/report.ts'
import { MqttClient } from '../helpers/mqtt.ts'
import { TestSocket } from '../helpers/socket.ts'
import { inboxOf, openWebhook, type Webhook } from '../helpers/webhooks.ts'
import { history, newTenant, type Problem, request, type TestDevice, type TestTenant } from '../helpers/world.ts'

const encoder = new Encoder({ useRecords: false, mapsAsObjects: true })

export function encode(contentType: string, value: unknown): Uint8Array {
  return contentType === 'application/cbor' ? encoder.encode(value) : new TextEncoder().encode(JSON.stringify(value))
}

/** The examples name children that no tenant has; ours takes their place. */
function adopted(value: unknown, id: DeviceId): unknown {
  return JSON.parse(JSON.stringify(value).replace(/"childDeviceId":"[^"]+"/g, `"childDeviceId":"${id}"`))
}

/** What the connector of a device socket keeps. */
export function socketContract(connector: DeviceConnector): void {
  exampleContract(connector)
  describe(connector.id, () => {
    let gateway: TestDevice
    let child: TestDevice
    let socket: TestSocket

    beforeAll(async () => {
      const tenant = await newTenant()
      gateway = await tenant.device({ isGateway: true })
      child = await tenant.device({ parentGatewayId: gateway.deviceId })
      socket = await TestSocket.open(connector.door.path.replace('{deviceToken}', gateway.token))
    })

    const rows = async () => (await history(gateway.deviceId)).length + (await history(child.deviceId)).length

    it('stores its examples, acknowledges them, and stores what is sent again once', async () => {
      for (const { body, uplinks } of connector.examples) {
        const frame = { ...(adopted(body, child.deviceId) as object), id: crypto.randomUUID() }
        const before = await rows()
        for (let round = 0; round < 2; round++) {
          socket.send(frame)
          expect(await socket.next()).toEqual({ type: 'ack', accepted: uplinks.length, id: frame.id })
        }
        expect(await rows()).toBeLessThanOrEqual(before + uplinks.length)
      }
    })

    it('answers each truncated frame with one error, and stays open', async () => {
      const before = await rows()
      for (const { body } of connector.examples) {
        const text = JSON.stringify(body)
        for (const cut of [1, Math.floor(text.length / 2), text.length - 1]) {
          socket.send(text.slice(0, cut))
          expect(await socket.next()).toMatchObject({ type: 'error', code: 'payload_malformed', retryable: false })
        }
      }
      expect(await rows()).toBe(before)
    })

    it('closes on an oversized frame', async () => {
      const other = await TestSocket.open(connector.door.path.replace('{deviceToken}', gateway.token))
      other.send(`{"type":"telemetry","data":{"a":"${'x'.repeat(connector.maxBytes)}"}}`)
      expect(await other.closed).toMatchObject({ code: 1009 })
    })
  })
}

/** What the connector of an MQTT topic keeps. */
export function mqttContract(connector: DeviceConnector): void {
  exampleContract(connector)
  const { door } = connector
  if (door.kind !== 'mqtt') throw new Error('an MQTT connector is needed')
  describe(connector.id, () => {
    let gateway: TestDevice
    let child: TestDevice
    let client: MqttClient

    beforeAll(async () => {
      const tenant = await newTenant()
      gateway = await tenant.device({ isGateway: true })
      child = await tenant.device({ parentGatewayId: gateway.deviceId })
      client = await MqttClient.connect(gateway.token, { version: 5, clientId: 'contract' })
    })

    const topics = () => door.topics.map((topic) => topic.replace('{deviceToken}', gateway.token))
    const rows = async () => (await history(gateway.deviceId)).length + (await history(child.deviceId)).length

    for (const contentType of connector.contentTypes) {
      const properties = { contentType }

      it(`stores its examples as ${contentType}, acknowledges them, and stores what is sent again once`, async () => {
        for (const topic of topics()) {
          for (const { body, uplinks } of connector.examples) {
            const payload = encode(contentType, ownChild(body, child.deviceId))
            const before = await rows()
            for (const dup of [false, true]) {
              const { reasonCode } = await client.said(topic, payload, { properties, dup, messageId: 9 })
              expect(reasonCode).toBe(0)
            }
            expect(await rows()).toBeLessThanOrEqual(before + uplinks.length)
          }
        }
      })

      it(`acknowledges each truncated ${contentType} for good, as one that could not be read`, async () => {
        const [topic = ''] = topics()
        const before = await rows()
        for (const { body } of connector.examples) {
          const whole = encode(contentType, ownChild(body, child.deviceId))
          for (const cut of [0, 1, Math.floor(whole.length / 2), whole.length - 1]) {
            const { reasonCode } = await client.said(topic, whole.slice(0, cut), { properties })
            expect(reasonCode).toBe(0x99)
          }
        }
        expect(await rows()).toBe(before)
      })
    }

    it('closes on an oversized packet', async () => {
      const other = await MqttClient.connect(gateway.token, { version: 5, clientId: 'large' })
      other.publish(topics()[0] ?? '', new Uint8Array(connector.maxBytes))
      expect((await other.next('disconnect')).reasonCode).toBe(0x95)
      expect((await other.closed).code).toBe(1009)
    })
  })
}

/** The id of the examples' child, wherever it stands. */
function ownChild(value: unknown, id: DeviceId): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll('3f2b8c1e-0a4d-4f6b-9c7e-5d1a2b3c4d5e', id))
}

/** What every connector keeps, whatever its door. */
export function exampleContract(connector: DeviceConnector): void {
  describe(connector.id, () => {
    it('reads its examples as exactly the uplinks they state', () => {
      expect(connector.examples.length).toBeGreaterThan(0)
      for (const { body, uplinks } of connector.examples) {
        const result = connector.read(body, { receivedAt: Date.UTC(2026, 0, 1) })
        if ('ignored' in result) throw new Error(`ignored: ${result.ignored}`)
        expect(result.rejected).toEqual([])
        expect(result.uplinks.map((uplink) => ({ ...uplink, values: { ...uplink.values } }))).toEqual(uplinks)
      }
    })
  })
}

/** What every connector of a device's HTTP door keeps. A skip needs a reason. */
export function connectorContract(connector: DeviceConnector): void {
  exampleContract(connector)
  describe(connector.id, () => {
    let tenant: TestTenant
    let gateway: TestDevice
    let child: TestDevice

    beforeAll(async () => {
      tenant = await newTenant()
      gateway = await tenant.device({ isGateway: true })
      child = await tenant.device({ parentGatewayId: gateway.deviceId })
    })

    const post = (token: string, contentType: string, body: Uint8Array) =>
      request('POST', connector.door.path.replace('{deviceToken}', token), {
        headers: { 'content-type': contentType },
        body,
      })

    for (const contentType of connector.contentTypes) {
      describe(contentType, () => {
        it('stores its examples and answers 200', async () => {
          for (const { body, uplinks } of connector.examples) {
            const response = await post(gateway.token, contentType, encode(contentType, adopted(body, child.deviceId)))
            expect(response.status).toBe(200)
            expect(await response.json()).toMatchObject({ success: true, accepted: uplinks.length, rejected: [] })
            for (const { ts, values, childDeviceId } of uplinks) {
              if (ts === undefined) continue
              const rows = await history(childDeviceId === undefined ? gateway.deviceId : child.deviceId)
              expect(rows.find((row) => row.ts === ts)?.values).toMatchObject(values)
            }
          }
        })

        it('stores once what carries a ts, however often it comes', async () => {
          const device = await tenant.device()
          const timed = connector.examples.find(({ uplinks }) => uplinks.every(({ ts }) => ts !== undefined))
          if (!timed) throw new Error('an example with ts is needed')
          for (let i = 0; i < 3; i++) await post(device.token, contentType, encode(contentType, timed.body))
          await Promise.all([1, 2, 3].map(() => post(device.token, contentType, encode(contentType, timed.body))))
          expect(await history(device.deviceId)).toHaveLength(timed.uplinks.length)
        })

        it('answers a body cut anywhere with a 4xx code of its own, and never 500', async () => {
          const device = await tenant.device()
          const whole = encode(contentType, adopted(connector.examples[0]?.body, child.deviceId))
          for (let length = 0; length < whole.length; length += 3) {
            const response = await post(device.token, contentType, whole.slice(0, length))
            expect(response.status).toBe(400)
            expect((await response.json<Problem>()).code).toBe('payload_malformed')
          }
          expect(await history(device.deviceId)).toEqual([])
        })

        it('refuses what is too large with 413', async () => {
          const device = await tenant.device()
          const response = await post(device.token, contentType, new Uint8Array(connector.maxBytes + 1))
          expect(response.status).toBe(413)
          expect((await response.json<Problem>()).code).toBe('payload_too_large')
        })

        it('refuses an unknown token with 401', async () => {
          const response = await post('no-such-token', contentType, encode(contentType, connector.examples[0]?.body))
          expect(response.status).toBe(401)
        })

        it("refuses another tenant's child as one that does not exist", async () => {
          const stranger = await newTenant()
          const theirGateway = await stranger.device({ isGateway: true })
          const theirChild = await stranger.device({ parentGatewayId: theirGateway.deviceId })
          const example = connector.examples.find(({ uplinks }) =>
            uplinks.every((uplink) => uplink.childDeviceId !== undefined),
          )
          if (!example) throw new Error('an example with childDeviceId is needed')
          for (const id of [theirChild.deviceId, crypto.randomUUID() as DeviceId]) {
            const response = await post(gateway.token, contentType, encode(contentType, adopted(example.body, id)))
            expect(response.status).toBe(404)
            expect((await response.json<Problem>()).code).toBe('child_not_found')
          }
          expect(await history(theirChild.deviceId)).toEqual([])
        })
      })
    }

    it('refuses a content type that it does not take with 415', async () => {
      const response = await post(gateway.token, 'text/plain', new TextEncoder().encode('{"a":1}'))
      expect(response.status).toBe(415)
    })
  })
}

/** What every connector of a tenant's secret keeps: nobody sends its body again, so nothing that was meant well is refused. */
export function webhookContract(connector: WebhookConnector): void {
  describe(connector.id, () => {
    const devEui = '0102030405060708'
    let tenant: TestTenant
    let device: TestDevice
    let hook: Webhook

    beforeAll(async () => {
      tenant = await newTenant()
      hook = await openWebhook(tenant)
      device = await tenant.device({ integration: { lorawan: { dev_eui: devEui } } })
    })

    /** The examples name a device that no tenant has; ours takes its place. */
    const ours = (value: unknown, { deviceId, token }: TestDevice = device): unknown =>
      JSON.parse(JSON.stringify(value).replaceAll('{deviceId}', deviceId).replaceAll('{deviceToken}', token))
    const post = (contentType: string, body: Uint8Array, query: Readonly<Record<string, string>> = {}) =>
      hook.post(connector.id, body, { query: { ...query }, headers: { 'content-type': contentType } })

    it('reads its examples as exactly the uplinks they state', () => {
      expect(connector.examples.length).toBeGreaterThan(0)
      for (const { body, query = {}, uplinks } of connector.examples) {
        const meta = {
          receivedAt: Date.UTC(2026, 0, 1),
          query,
          segments: [],
          digest: 'x',
          settings: defaultWebhookSettings,
        }
        const reports = connector.read(body, meta)
        expect(reports.flatMap(({ rejected }) => rejected)).toEqual([])
        const read = reports.flatMap((report) =>
          report.uplinks.map((uplink) => ({ ...uplink, values: { ...uplink.values } })),
        )
        expect(read).toEqual(uplinks)
      }
    })

    for (const contentType of connector.contentTypes) {
      it(`stores its examples once, however often they come, as ${contentType}`, async () => {
        for (const { body, query, uplinks } of connector.examples) {
          const bytes = encode(contentType, ours(body))
          const once = await post(contentType, bytes, query)
          expect(once.status).toBe(200)
          expect(await once.json()).toMatchObject({ success: true, accepted: uplinks.length })
          await Promise.all([1, 2, 3].map(() => post(contentType, bytes, query)))
          const rows = await history(device.deviceId)
          for (const { ts, values } of uplinks) {
            expect(rows.filter((row) => row.ts === ts)).toHaveLength(1)
            expect(rows.find((row) => row.ts === ts)?.values).toMatchObject(values)
          }
        }
        expect(await history(device.deviceId)).toHaveLength(connector.examples.flatMap(({ uplinks }) => uplinks).length)
      })

      it(`keeps a body that is cut anywhere in the inbox, as ${contentType}`, async () => {
        const [example] = connector.examples
        const whole = encode(contentType, ours(example?.body))
        for (let length = 0; length < whole.length; length += 17) {
          const response = await post(contentType, whole.slice(0, length), example?.query)
          expect(response.status).toBe(200)
          expect(await response.json()).toMatchObject({ accepted: 0, inboxed: 1 })
        }
        expect((await inboxOf(tenant, `&connector=${connector.id}`)).length).toBeGreaterThan(0)
      })
    }

    it('refuses what is too large with 413', async () => {
      expect((await post('application/json', new Uint8Array(connector.maxBytes + 1))).status).toBe(413)
    })

    it("keeps what is said of another tenant's device as of one that does not exist", async () => {
      const stranger = await newTenant()
      const theirHook = await openWebhook(stranger)
      const theirs = await stranger.device()
      for (const { body, query = {} } of connector.examples) {
        const told = ours(body, connector.id === 'generic' ? theirs : device)
        const answer =
          connector.id === 'generic'
            ? hook.answer(connector.id, told, { ...query })
            : theirHook.answer(connector.id, told, { ...query })
        expect(await answer).toMatchObject({ accepted: 0, inboxed: expect.any(Number) })
      }
      expect(await history(theirs.deviceId)).toEqual([])
    })

    it('refuses a wrong secret with 401', async () => {
      const headers = { 'x-webhook-secret': 'wrong' }
      expect((await hook.post(connector.id, ours(connector.examples[0]?.body), { headers })).status).toBe(401)
    })
  })
}
