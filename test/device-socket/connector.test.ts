import { describe, expect, it } from 'vitest'
import { websocket } from '../../src/connectors/websocket.ts'
import { parseFrame } from '../../src/device-socket/parse-frame.ts'
import { AppError } from '../../src/domain/errors.ts'
import { describeCatalog } from '../../src/services/catalog/describe-catalog.ts'

const meta = { receivedAt: Date.UTC(2026, 0, 1) }
const uplinksOf = (frame: unknown) => {
  const result = websocket.read(frame, meta)
  if ('ignored' in result) throw new Error(result.ignored)
  return result.uplinks.map((uplink) => ({ ...uplink, values: { ...uplink.values } }))
}

describe('the websocket connector', () => {
  it.each(websocket.examples.map((example) => [example.title, example] as const))('%s', (_, { body, uplinks }) => {
    expect(uplinksOf(body)).toEqual(uplinks)
    expect(uplinksOf(parseFrame(JSON.stringify(body)))).toEqual(uplinks)
  })

  it("holds the frame's ts for what has none of its own, in every form", () => {
    const ts = 1_712_486_400_000
    const own = ts + 1000
    const times = (data: unknown) => uplinksOf({ data, ts }).map((uplink) => [uplink.ts, Object.keys(uplink.values)])
    expect(times({ a: 1 })).toEqual([[ts, ['a']]])
    expect(times({ a: 1, ts: own })).toEqual([[own, ['a']]])
    expect(times({ a: 1, timestamp: own })).toEqual([[own, ['a']]])
    expect(times({ values: { a: 1 } })).toEqual([[ts, ['a']]])
    expect(times([{ telemetry: { a: 1 } }, { a: 1, ts: own }])).toEqual([
      [ts, ['a']],
      [own, ['a']],
    ])
  })

  it('refuses items one by one, and what is no frame as a whole', () => {
    const result = websocket.read({ data: [{ a: 1 }, {}, 5], ts: 1_712_486_400_000 }, meta)
    expect('rejected' in result && result.rejected.map(({ index, fault }) => [index, fault.reason])).toEqual([
      [1, 'empty_reading'],
      [2, 'not_an_object'],
    ])
    for (const frame of [undefined, 1, [], {}, { data: 'x' }])
      expect(() => websocket.read(frame, meta)).toThrow(AppError)
  })

  it('stands in the catalog with host, port and path apart', () => {
    const entry = (baseUrl: string) => describeCatalog({ baseUrl }).transports.find(({ id }) => id === 'websocket')
    expect(entry('https://iot.example.com')).toMatchObject({
      transport: 'websocket',
      host: 'iot.example.com',
      port: 443,
      tls: true,
      path: '/api/v1/{deviceToken}/ws',
      endpoint: 'wss://iot.example.com/api/v1/{deviceToken}/ws',
    })
    expect(entry('http://localhost:8787')).toMatchObject({ host: 'localhost', port: 8787, tls: false })
  })
})
