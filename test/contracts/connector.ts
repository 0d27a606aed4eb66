import { Encoder } from 'cbor-x/index-no-eval'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Connector } from '../../src/connectors/connector.ts'
import type { DeviceId } from '../../src/domain/ids.ts'
import { TestSocket } from '../helpers/socket.ts'
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
export function socketContract(connector: Connector): void {
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

/** What every connector keeps, whatever its door. */
export function exampleContract(connector: Connector): void {
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
export function connectorContract(connector: Connector): void {
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
