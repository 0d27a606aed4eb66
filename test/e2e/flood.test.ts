import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Answer, requestBytes } from '../../bench/connection.ts'
import { type Device, type Product, startProduct } from '../../bench/contenders.ts'
import { drive } from '../../bench/load.ts'
import { rssBytes } from '../../bench/process.ts'
import { callApi } from '../../scripts/simulate/fleet.ts'
import { sleep } from '../../src/domain/deadline.ts'
import { fnv1a } from '../../src/domain/fnv1a.ts'
import { limits } from '../../src/domain/limits.ts'

const connections = 64
const floodSeconds = 12
/** 50 values of 4 KB: a body of 200 KB within every rule. */
const ballast = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`text${i}`, 'x'.repeat(4_000)]))

let server: Product

beforeAll(async () => {
  server = await startProduct(join(import.meta.dirname, 'workers', 'slow-d1.js'))
})
afterAll(async () => {
  await server?.stop()
})

interface Seen {
  readonly statements: number
  readonly failures: number
  readonly mostLaneBytes: number
}

async function setD1(control: { delayMs: number; failRate: number }): Promise<void> {
  await fetch(`${server.url}/_d1`, { method: 'PUT', body: JSON.stringify(control) })
}

/** Slow for so long, and then quick again, so that what waits by then is soon answered. What was seen until then. */
async function slowD1(seconds: number): Promise<{ seen: Promise<Seen> }> {
  await setD1({ delayMs: 2_000, failRate: 0 })
  const seen = sleep(seconds * 1_000).then(async () => {
    const until = await seenByD1() // it counts anew from the next setting on
    await setD1({ delayMs: 0, failRate: 0 })
    return until
  })
  return { seen }
}

async function seenByD1(): Promise<Seen> {
  return (await (await fetch(`${server.url}/_d1`)).json()) as Seen
}

function telemetry({ token }: Device, values: object): Buffer {
  const headers = { 'content-type': 'application/json' }
  return requestBytes(server.url, { path: `/api/v1/${token}/telemetry`, headers, body: JSON.stringify(values) })
}

function acknowledgedTs({ body }: Answer): number {
  return (JSON.parse(body.toString()) as { ts: number }).ts
}

/** The number that each reading carries, by its time; a number stored twice comes twice. */
async function readNumbers({ id }: Device, from: number): Promise<[ts: number, n: number][]> {
  const points: [number, number][] = []
  let to: string | null = String(Date.now() + 3_600_000)
  while (to !== null) {
    const url: string = `${server.url}/api/devices/${id}/telemetry/range?keys=n&from=${from}&to=${to}&limit=100`
    const { body, headers }: { body: { n?: [number, number][] }; headers: Headers } = await callApi(url, server.apiKey)
    points.push(...(body.n ?? []))
    to = headers.get('x-next-to')
  }
  return points
}

/** Devices of one lane, which then gets the whole flood. */
async function devicesOfOneLane(): Promise<Device[]> {
  const devices = await server.makeDevices(24)
  const laneOf = ({ id }: Device) => fnv1a(id) % limits.lanesPerShard
  return devices.filter((device) => laneOf(device) === laneOf(devices[0] as Device))
}

async function watchMemory<T>(work: Promise<T>): Promise<{ result: T; most: number }> {
  let most = 0
  const sample = () => {
    most = Math.max(most, rssBytes(server.pid) ?? 0)
  }
  const timer = setInterval(sample, 100)
  try {
    return { result: await work, most }
  } finally {
    clearInterval(timer)
  }
}

// First: no lane of this server has been called yet.
test('holds a flood back while its lane is cold and looks its devices up first', async () => {
  const devices = await devicesOfOneLane()
  const { seen } = await slowD1(10)
  const flood = await drive({
    url: server.url,
    connections,
    seconds: 5,
    request: (connection, n) => telemetry(devices[connection % devices.length] as Device, { n, ...ballast }),
  })
  const { mostLaneBytes } = await seen
  expect(Object.keys(flood.statuses).sort()).toEqual(['200', '503'])
  expect(mostLaneBytes).toBeLessThanOrEqual(limits.laneBacklogBytes)
})

test('holds a flood back while D1 takes 2 s a statement, and keeps what it acknowledged', {
  timeout: 180_000,
}, async () => {
  const devices = await devicesOfOneLane()
  const device = (connection: number) => devices[connection % devices.length] as Device
  const request = (connection: number, n: number) => telemetry(device(connection), { n, ...ballast })
  // By count: on a busy machine a few seconds of it warm little.
  const warmUp = (connection: number) => telemetry(device(connection), { n: -1, ...ballast })
  await drive({ url: server.url, connections, count: 2_000, seconds: 60, request: warmUp })
  const warm = rssBytes(server.pid)
  // What is read back: without the warm-up, whose times may run a little ahead.
  const from = Date.now()

  const { seen } = await slowD1(floodSeconds)
  const acknowledged = new Map<number, { device: Device; ts: number }>()
  const refusals: Answer[] = []
  const flood = drive({
    url: server.url,
    connections,
    seconds: floodSeconds,
    request,
    onAnswer(answer, connection, n) {
      if (answer.status === 200) acknowledged.set(n, { device: device(connection), ts: acknowledgedTs(answer) })
      else refusals.push(answer)
    },
  })
  const { result, most } = await watchMemory(flood)
  const { mostLaneBytes } = await seen
  const summary = {
    statuses: result.statuses,
    broken: result.broken,
    warmMiB: (warm ?? 0) / 2 ** 20,
    grownMiB: (most - (warm ?? most)) / 2 ** 20,
    laneMiB: mostLaneBytes / 2 ** 20,
  }
  console.log('flood', JSON.stringify(summary))

  expect(result.broken).toBe(0)
  expect(Object.keys(result.statuses).sort()).toEqual(['200', '503'])
  for (const { head } of refusals) expect(head).toMatch(/\r\nretry-after: \d+/)
  expect(mostLaneBytes).toBeGreaterThan(limits.laneBacklogBytes / 2)
  expect(mostLaneBytes).toBeLessThanOrEqual(limits.laneBacklogBytes)
  if (warm !== undefined) expect(summary.grownMiB).toBeLessThan(128)

  const after = await drive({
    url: server.url,
    connections: 1,
    count: 5,
    request: () => telemetry(device(0), { n: -2 }),
  })
  expect(after.statuses).toEqual({ 200: 5 })
  expect(after.p50).toBeLessThan(1_000)
  for (const one of devices) {
    const stored = new Map(await readNumbers(one, from))
    const lost = [...acknowledged].filter(([n, { device, ts }]) => device === one && stored.get(ts) !== n)
    expect(lost).toEqual([])
  }
})

test('answers 10,000 frames of one socket in order, with a slow and failing D1, in flat memory', async () => {
  const [device] = (await server.makeDevices(1)) as [Device]
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/${device.token}/ws`)
  const [frames, window] = [10_000, 200]
  const send = (n: number) =>
    socket.send(JSON.stringify({ type: 'telemetry', data: { n, text: 'x'.repeat(900) }, id: n }))
  const from = Date.now()
  await once(socket, 'open')
  await setD1({ delayMs: 20, failRate: 0.1 })
  const acknowledged: number[] = []
  const done = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const { type, id } = JSON.parse(String(data)) as { type: string; id: number }
      expect(type).toBe('ack')
      acknowledged.push(id)
      if (id + window < frames) send(id + window)
      if (acknowledged.length === frames) resolve()
    })
  })
  const warm = rssBytes(server.pid)
  for (let n = 0; n < window; n++) send(n)
  const { most } = await watchMemory(done)
  const { failures } = await seenByD1()
  await setD1({ delayMs: 0, failRate: 0 })
  socket.close()
  const grownMiB = (most - (warm ?? most)) / 2 ** 20
  console.log('socket', JSON.stringify({ warmMiB: (warm ?? 0) / 2 ** 20, grownMiB, failures }))
  expect(acknowledged).toEqual(Array.from({ length: frames }, (_, n) => n))
  expect(failures).toBeGreaterThan(0)
  const stored = (await readNumbers(device, from)).map(([, n]) => n).sort((a, b) => a - b)
  expect(stored).toEqual(acknowledged)
  // The frames are 10 MB; V8 collects late, so that a little of them may lie about.
  expect(grownMiB).toBeLessThan(48)
})

test('loses and doubles nothing while three statements in ten fail', async () => {
  const devices = await server.makeDevices(8)
  const device = (connection: number) => devices[connection % devices.length] as Device
  const base = Date.now() - 60_000
  const from = base - 1_000
  await setD1({ delayMs: 0, failRate: 0.3 })
  // Every other message carries its time; those are sent again where the answer was no 200.
  const acknowledged = new Map<number, { device: Device; ts: number }>()
  const again: { connection: number; n: number }[] = []
  const timed = (n: number) => n % 2 === 0
  const request = (connection: number, n: number) =>
    telemetry(device(connection), { n, ...(timed(n) && { ts: base + n }) })
  const statuses = new Set<number>()
  await drive({
    url: server.url,
    connections: 32,
    seconds: 10,
    request,
    onAnswer(answer, connection, n) {
      statuses.add(answer.status)
      if (answer.status === 200) acknowledged.set(n, { device: device(connection), ts: acknowledgedTs(answer) })
      else if (timed(n)) again.push({ connection, n })
    },
  })
  const { statements, failures } = await seenByD1()
  await setD1({ delayMs: 0, failRate: 0 })
  console.log(
    'failing',
    JSON.stringify({ acknowledged: acknowledged.size, statements, failures, resent: again.length }),
  )
  for (const { connection, n } of again) {
    await drive({
      url: server.url,
      connections: 1,
      count: 1,
      request: () => request(connection, n),
      onAnswer: (answer) => acknowledged.set(n, { device: device(connection), ts: acknowledgedTs(answer) }),
    })
  }

  expect(failures).toBeGreaterThan(statements * 0.1)
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([])
  expect(acknowledged.size).toBeGreaterThan(50)
  for (const one of devices) {
    const points = await readNumbers(one, from)
    const stored = new Map(points)
    const lost = [...acknowledged].filter(([n, { device, ts }]) => device === one && stored.get(ts) !== n)
    expect(lost).toEqual([])
    const numbers = points.map(([, n]) => n).filter(timed)
    expect(numbers).toHaveLength(new Set(numbers).size)
  }
})
