// Real `ws` clients on the production bundle.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type DemoServer, startDemoServer } from './server.ts'

let server: DemoServer
beforeAll(async () => {
  server = await startDemoServer()
})
afterAll(async () => {
  await server?.stop()
})

type Frame = Record<string, unknown>

class Client {
  readonly socket: WebSocket
  readonly closed: Promise<number>
  readonly #frames: Frame[] = []
  readonly #waiting: ((frame: Frame) => void)[] = []

  constructor(path: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, { headers })
    this.closed = new Promise((done) => this.socket.on('close', (code) => done(code)))
    this.socket.on('error', () => {})
    this.socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame
      const wake = this.#waiting.shift()
      if (wake) wake(frame)
      else this.#frames.push(frame)
    })
  }

  static async open(path: string, headers: Record<string, string> = {}): Promise<Client> {
    const client = new Client(path, headers)
    await new Promise((done, fail) => client.socket.once('open', done).once('error', fail))
    return client
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  next(): Promise<Frame> {
    const frame = this.#frames.shift()
    return frame ? Promise.resolve(frame) : new Promise((done) => this.#waiting.push(done))
  }
}

async function api<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${server.demo.apiKey}`, 'content-type': 'application/json' }
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
  const response = await fetch(`${server.url}${path}`, init)
  expect(response.status, `${method} ${path}`).toBeLessThan(300)
  return (response.status === 204 ? undefined : await response.json()) as T
}

const newDevice = (fields: Frame = {}) =>
  api<{ deviceId: string; token: string }>('/api/devices', 'POST', { name: 'socket', ...fields })

async function stored(deviceId: string, key: string): Promise<number[]> {
  const values: number[] = []
  let to = Date.now() + 3_600_000
  for (;;) {
    const range = await api<Record<string, [number, number][]>>(
      `/api/devices/${deviceId}/telemetry/range?keys=${key}&from=0&to=${to}&limit=5000`,
    )
    const points = range[key] ?? []
    values.push(...points.map(([, value]) => value))
    if (points.length < 5000) return values
    to = Math.min(...points.map(([ts]) => ts)) - 1
  }
}

describe('a device on a socket', () => {
  test('10,000 frames at full speed: acknowledged in order, each stored once', async () => {
    const { deviceId, token } = await newDevice()
    const client = await Client.open(`/api/v1/${token}/ws`)
    const frames = 10_000
    const window = 500
    let sent = 0
    const more = (acknowledged: number) => {
      while (sent < frames && sent - acknowledged < window)
        client.send({ type: 'telemetry', data: { n: sent }, id: sent++ })
    }
    more(0)
    for (let n = 0; n < frames; n++) {
      const ack = await client.next()
      if (ack.id !== n || ack.type !== 'ack') expect(ack).toEqual({ type: 'ack', accepted: 1, id: n })
      more(n + 1)
    }
    const values = await stored(deviceId, 'n')
    expect(values).toHaveLength(frames)
    expect(new Set(values).size).toBe(frames)
    client.socket.close()
  })

  // workerd itself reads on only as frames are taken, so locally nothing overflows; 1013 is shown in test/device-socket.
  test('a flood that waits for nothing loses nothing that was acknowledged', async () => {
    const { deviceId, token } = await newDevice()
    const client = await Client.open(`/api/v1/${token}/ws`)
    const filler = 'x'.repeat(4_000)
    const frames = 2_000
    for (let n = 0; n < frames; n++) client.send({ type: 'telemetry', data: { n, filler }, id: n })
    let acknowledged = 0
    const ended = client.closed.then((code) => ({ type: 'closed', code }))
    while (acknowledged < frames) {
      const frame = await Promise.race([client.next(), ended])
      if (frame.type === 'closed') {
        expect(frame).toEqual({ type: 'closed', code: 1013 })
        break
      }
      expect(frame).toEqual({ type: 'ack', accepted: 1, id: acknowledged++ })
    }
    expect(acknowledged).toBeGreaterThan(0)
    const values = new Set(await stored(deviceId, 'n'))
    for (let n = 0; n < acknowledged; n++) expect(values.has(n)).toBe(true)
    client.socket.close()
  })

  test('pings of the protocol are answered, oversize is 1009, an unknown token is 401', async () => {
    const { token } = await newDevice()
    const client = await Client.open(`/api/v1/${token}/ws`)
    const pong = new Promise((done) => client.socket.once('pong', done))
    client.socket.ping()
    await pong
    client.send(`{"type":"telemetry","data":{"a":"${'x'.repeat(300 * 1024)}"}}`)
    expect(await client.closed).toBe(1009)
    const refused = new Client('/api/v1/00000000-0000-4000-8000-000000000000/ws')
    const status = await new Promise((done) => refused.socket.once('unexpected-response', (_, r) => done(r.statusCode)))
    expect(status).toBe(401)
  })

  test('the generic address relays, in order, and closes with the device', async () => {
    const { deviceId, token } = await newDevice()
    const client = await Client.open('/')
    client.send({ type: 'auth', deviceToken: token })
    for (let n = 0; n < 500; n++) client.send({ type: 'telemetry', data: { n }, id: n })
    expect(await client.next()).toEqual({ type: 'auth_result', success: true })
    for (let n = 0; n < 500; n++) expect(await client.next()).toEqual({ type: 'ack', accepted: 1, id: n })
    expect(await stored(deviceId, 'n')).toHaveLength(500)
    await api(`/api/devices/${deviceId}/token`, 'POST')
    expect(await client.closed).toBe(4401)
  })

  test('a command goes to the device and its answer comes back; live readers see it all', async () => {
    const { deviceId, token } = await newDevice()
    const live = await Client.open(`/api/devices/${deviceId}/live`, { authorization: `Bearer ${server.demo.apiKey}` })
    expect((await live.next()).type).toBe('ready')
    const device = await Client.open(`/api/v1/${token}/ws`)
    expect(await live.next()).toMatchObject({ type: 'event', event: { kind: 'connected' } })
    expect(await api(`/api/devices/${deviceId}`)).toMatchObject({ connected: true })
    const answer = api(`/api/devices/${deviceId}/commands`, 'POST', { method: 'getStatus', wait: true, timeout: 5_000 })
    const { requestId, method } = await device.next()
    expect(method).toBe('getStatus')
    device.send({ type: 'rpc_response', requestId, success: true, uptime: 12 })
    expect(await answer).toMatchObject({ success: true, state: 'succeeded', result: { uptime: 12 } })
    device.send({ type: 'telemetry', data: { t: 1 } })
    const seen = new Set<unknown>()
    while (!seen.has('telemetry')) seen.add((await live.next()).type)
    expect(seen).toContain('command')
    device.socket.close()
    live.socket.close()
  })
})
