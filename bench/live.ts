// Section live: what a reader is told and when, one device to many readers, and the device's own socket.
import { Connection, requestBytes } from './connection.ts'
import { type Device, type Product, startProduct } from './contenders.ts'
import { median, quantileOf } from './load.ts'
import { drive, withPeer } from './peers.ts'
import { type Course, type Running, race, rounds, type TimedRun, timed, toRow } from './race.ts'
import type { Row, Section, Verdict } from './report.ts'
import { type DeviceSocket, numberKey, openDeviceSocket, openLiveReader, Window } from './sockets.ts'

const readers = 50
const socketCounts = [1, 32] as const
const window = 16
const fanOutWindows = [window, 100] as const
const beyondCommitMs = 20
const values = { temperature: 24.5, humidity: 61 }
/** ../shared/peers/README.md: aedes in memory, window 10, on a machine of two cores. */
const earlierAedes = 20_472

export async function runLive(quick: boolean): Promise<Section> {
  const product = await startProduct()
  try {
    const seconds = quick ? 1 : 3
    const latency = await measureLatency(product, seconds)
    const fanOuts = fanOutWindows.map((size) => fanOut(product, size))
    const told = await race(product, fanOuts, seconds)
    const peers = await racePeers(quick ? 500 : 1500)
    const sockets = socketCounts.map((count) => deviceSockets(product, count))
    const acknowledged = await race(product, sockets, seconds)
    return {
      title: 'Live',
      rows: [...latency.rows, ...told, ...peers, ...acknowledged],
      verdicts: [...latency.verdicts, ...beside(told, peers)],
      notes: peers.length > 0 ? [] : [`aedes cannot run here; an earlier run gave ${earlierAedes} deliveries a second`],
    }
  } finally {
    await product.stop()
  }
}

async function racePeers(messages: number): Promise<Row[]> {
  const raced = await withPeer('aedes', async (broker) => {
    const rows: Row[] = []
    for (const size of fanOutWindows) {
      const options = { n: messages, window: size, subs: readers, qos: 0 }
      const name = `aedes in memory, 1 → ${readers}, window ${size}`
      const driven = await drive(broker, { name, mode: 'fanout', connections: readers, readings: 0, options })
      if (driven) rows.push(driven.row)
    }
    return rows
  })
  return raced ?? []
}

function beside(told: readonly Row[], peers: readonly Row[]): Verdict[] {
  return told.flatMap(({ name, rate }, i) => {
    const peer = peers[i]
    return peer ? [{ what: `${name} ÷ ${peer.name}`, value: rate / peer.rate }] : []
  })
}

interface Post {
  readonly status: number
  /** Milliseconds from sent to answered, and to the reader's event. */
  readonly answered: number
  readonly told: number
}

/** One POST at a time, and one reader. */
async function measureLatency(product: Product, seconds: number): Promise<{ rows: Row[]; verdicts: Verdict[] }> {
  const [device] = (await product.makeDevices(1)) as [Device]
  const poster = await openPoster(product, device)
  await poster.run(0.5)
  const answers: TimedRun[] = []
  const events: TimedRun[] = []
  const gaps: number[][] = []
  for (let round = 0; round < rounds; round++) {
    const { posts, ...run } = await timed(product, () => poster.run(seconds))
    answers.push(run)
    events.push({ ...run, latencies: posts.map(({ told }) => told) })
    gaps.push(posts.map(({ told, answered }) => told - answered))
  }
  poster.close()
  const gap = (share: number) => median(gaps.map((round) => quantileOf(round, share)))
  return {
    rows: [
      toRow({ name: 'one POST at a time, to its answer', connections: 1, readings: 1 }, answers),
      toRow({ name: 'the same, to its live event', connections: 1, readings: 0 }, events),
    ],
    verdicts: [
      { what: 'live event beyond the commit, p50 ms', value: gap(0.5), atMost: beyondCommitMs },
      { what: 'live event beyond the commit, p99 ms', value: gap(0.99) },
    ],
  }
}

async function openPoster(product: Product, device: Device) {
  let arrived: ((n: number) => void) | undefined
  const reader = await openLiveReader(product, device, { told: (n) => arrived?.(n), closed: () => undefined })
  const connection = new Connection(product.url)
  const path = `/api/v1/${device.token}/telemetry`
  const headers = { 'content-type': 'application/json' }
  let next = 0

  async function post(): Promise<Post> {
    const n = next++
    const request = requestBytes(product.url, { path, headers, body: JSON.stringify({ ...values, [numberKey]: n }) })
    const sentAt = performance.now()
    const told = new Promise<number>((done, fail) => {
      const overdue = setTimeout(() => fail(new Error('A live event did not come in 10 s.')), 10_000)
      arrived = (told) => {
        if (told !== n) return
        clearTimeout(overdue)
        done(performance.now() - sentAt)
      }
    })
    const [{ status, ms }, toldMs] = await Promise.all([connection.exchange(request), told])
    return { status, answered: ms, told: toldMs }
  }

  return {
    async run(seconds: number) {
      const posts: Post[] = []
      const ends = performance.now() + seconds * 1000
      while (performance.now() < ends) posts.push(await post())
      const latencies = posts.map(({ answered }) => answered)
      return { posts, latencies, errors: posts.flatMap(({ status }) => (status === 200 ? [] : [String(status)])) }
    },
    close() {
      connection.close()
      reader.close()
    },
  }
}

/** A frame is over when each reader has its event; an operation is one event at one reader. */
function fanOut(product: Product, size: number): Course {
  async function open(): Promise<Running> {
    const [device] = (await product.makeDevices(1)) as [Device]
    let errors: string[] = []
    let latencies: number[] = []
    const missing = new Map<number, number>()
    const frames: Window = new Window(size, (n) => {
      missing.set(n, readers)
      socket.send(n)
    })
    const fail = (why: string) => {
      errors.push(why)
      frames.stop()
    }
    const told = (n: number) => {
      const left = (missing.get(n) ?? 0) - 1
      latencies.push(frames.age(n))
      missing.set(n, left)
      if (left > 0) return
      missing.delete(n)
      frames.over(n)
    }
    const events = { told, closed: () => fail('reader closed') }
    const feeds = await Promise.all(Array.from({ length: readers }, () => openLiveReader(product, device, events)))
    const socket = await openDeviceSocket(product, device, values, { refused: fail, closed: () => fail('closed') })
    return {
      async run(seconds) {
        errors = []
        latencies = []
        const { lost } = await frames.run(seconds)
        return { latencies, errors: [...errors, ...Array<string>(lost).fill('event missing')] }
      },
      close() {
        for (const one of [socket, ...feeds]) one.close()
      },
    }
  }
  return { name: `live, 1 → ${readers}, window ${size}`, connections: readers, readings: 0, open }
}

/** Each socket with a window of frames; an operation is an acknowledged one. */
function deviceSockets(product: Product, count: number): Course {
  async function open(): Promise<Running> {
    const devices = await product.makeDevices(count)
    const all = await Promise.all(devices.map((device) => openAcknowledged(product, device)))
    return {
      async run(seconds) {
        const each = await Promise.all(all.map((one) => one.run(seconds)))
        return { latencies: each.flatMap((one) => one.latencies), errors: each.flatMap((one) => one.errors) }
      },
      close() {
        for (const one of all) one.close()
      },
    }
  }
  return { name: `device sockets, window ${window}`, connections: count, readings: 1, open }
}

async function openAcknowledged(product: Product, device: Device): Promise<Running> {
  let errors: string[] = []
  const frames: Window = new Window(window, (n) => socket.send(n))
  const fail = (why: string) => {
    errors.push(why)
    frames.stop()
  }
  const socket: DeviceSocket = await openDeviceSocket(product, device, values, {
    acknowledged: (n) => frames.over(n),
    refused: fail,
    closed: () => fail('closed'),
  })
  return {
    async run(seconds) {
      errors = []
      const { latencies, lost } = await frames.run(seconds)
      return { latencies, errors: [...errors, ...Array<string>(lost).fill('no ack')] }
    },
    close: () => socket.close(),
  }
}
