// Section mqtt: the broker beside aedes and mosquitto, driven by one load generator.
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { callApi } from '../scripts/simulate/fleet.ts'
import { type Contender, type Device, type Product, startProduct } from './contenders.ts'
import { type Broker, drive, type Load, type Peer, peers, withPeer } from './peers.ts'
import { rssBytes } from './process.ts'
import type { Row, Section, Verdict } from './report.ts'

const connections = 32
const window = 16
const readers = 50
const slowMs = 200
const idleCounts = [1_000, 5_000] as const
/** Of one device: its sessions are bounded. */
const idlePerDevice = 25
const key = 'seq'

const peerNames: Readonly<Record<Peer, string>> = {
  aedes: 'aedes in memory',
  'aedes-sqlite': 'aedes, an SQLite insert a publish',
  mosquitto: 'mosquitto in memory',
}

const brokerOf = ({ url, pid }: Contender): Broker => ({ url: `${url.replace('http', 'ws')}/mqtt`, pid })

export async function runMqtt(quick: boolean): Promise<Section> {
  const product = await startProduct()
  try {
    const messages = quick ? 8_000 : 40_000
    const devices = await product.makeDevices(connections)
    const qos1 = await drive(brokerOf(product), acknowledged('QoS 1, acknowledged after commit', messages, devices))
    if (!qos1) return { title: 'MQTT', verdicts: [], notes: ['The load generator (../shared/peers) is not here.'] }
    const stored = await countStored(product, devices)
    const [one] = (await product.makeDevices(1)) as [Device]
    const others = [
      await drive(brokerOf(product), unacknowledged('QoS 0', messages, devices)),
      await drive(brokerOf(product), fanOut(`1 → ${readers}, QoS 0`, quick ? 300 : 1_000, one)),
    ]
    const beside = await racePeers(messages, quick ? 300 : 1_000)
    const slow = await slowOne(quick ? 4_000 : 20_000)
    const idle = await idleMemory(product, quick ? [idleCounts[0]] : idleCounts)
    const sqlite = beside.find(({ name }) => name.startsWith(peerNames['aedes-sqlite']) && name.includes('QoS 1'))
    return {
      title: 'MQTT over WebSocket',
      rows: [qos1.row, ...others.flatMap((other) => other?.row ?? []), ...beside, ...slow.rows],
      verdicts: [
        ...(sqlite ? [{ what: `QoS 1 ÷ ${sqlite.name}`, value: qos1.row.rate / sqlite.rate, target: 1 }] : []),
        { what: 'rows stored of each message acknowledged', value: stored / qos1.done, target: 1, atMost: 1 },
        ...slow.verdicts,
        ...idle,
      ],
    }
  } finally {
    await product.stop()
  }
}

function acknowledged(name: string, n: number, devices: readonly Device[]): Load {
  return {
    name,
    mode: 'qos1',
    connections,
    readings: 1,
    options: { n, window, topic: 'devices/{user}/telemetry' },
    tokens: devices.map(({ token }) => token),
  }
}

function unacknowledged(name: string, n: number, devices: readonly Device[]): Load {
  return { ...acknowledged(name, n, devices), mode: 'qos0' }
}

function fanOut(name: string, n: number, { token }: Pick<Device, 'token'>): Load {
  const options = { n, window, subs: readers, topic: 'devices/{user}/bench' }
  return { name, mode: 'fanout', connections: readers, readings: 0, options, tokens: [token] }
}

async function racePeers(messages: number, fanned: number): Promise<Row[]> {
  const strangers = Array.from({ length: connections }, (_, i) => ({ id: '', token: `bench-${i}` }))
  const rows: Row[] = []
  for (const peer of peers) {
    const name = peerNames[peer]
    const loads = [
      acknowledged(`${name}, QoS 1`, messages, strangers),
      unacknowledged(`${name}, QoS 0`, messages, strangers),
      ...(peer === 'aedes-sqlite' ? [] : [fanOut(`${name}, 1 → ${readers}`, fanned, { token: 'bench' })]),
    ]
    const raced = await withPeer(peer, async (broker) => {
      const all: Row[] = []
      for (const load of loads) {
        const driven = await drive(broker, load)
        if (driven) all.push(driven.row)
      }
      return all
    })
    rows.push(...(raced ?? []))
  }
  return rows
}

/** All that these devices ever sent carries the key, and no ts. */
async function countStored(product: Product, devices: readonly Device[]): Promise<number> {
  const body = {
    deviceIds: devices.map(({ id }) => id),
    keys: [key],
    from: Date.now() - 3_600_000,
    to: Date.now() + 3_600_000,
    aggregation: 'count',
    interval: 86_400_000,
  }
  type Answer = { series: { points: [number, number][] }[] }
  const url = `${product.url}/api/v1/telemetry/query`
  const answer = await callApi<Answer>(url, product.apiKey, body)
  return answer.body.series.flatMap(({ points }) => points).reduce((sum, [, count]) => sum + count, 0)
}

/** One device's object takes so long for each thing it is told: the others must not wait for it. */
async function slowOne(messages: number): Promise<{ rows: Row[]; verdicts: Verdict[] }> {
  const product = await startProduct(join(import.meta.dirname, 'slow-object.js'))
  try {
    const devices = await product.makeDevices(connections)
    const [slow, ...quick] = devices as [Device, ...Device[]]
    const hold = (ms: number) =>
      fetch(`${product.url}/_slow`, { method: 'PUT', body: JSON.stringify({ [slow.id]: ms }) })
    const load = (name: string, all: readonly Device[]) => ({ ...acknowledged(name, messages, all), connections: 31 })
    const base = await drive(brokerOf(product), load('31 devices, QoS 1', quick))
    await hold(slowMs)
    const [beside] = await Promise.all([
      drive(brokerOf(product), load(`the same beside one that takes ${slowMs} ms`, quick)),
      drive(brokerOf(product), { ...acknowledged('slow', 400, [slow]), connections: 1 }),
    ])
    if (!base || !beside) return { rows: [], verdicts: [] }
    const what = `31 devices beside one whose object takes ${slowMs} ms ÷ alone`
    return { rows: [base.row, beside.row], verdicts: [{ what, value: beside.row.rate / base.row.rate, target: 0.8 }] }
  } finally {
    await product.stop()
  }
}

async function idleMemory(product: Product, counts: readonly number[]): Promise<Verdict[]> {
  const devices = await product.makeDevices(Math.max(...counts) / idlePerDevice)
  const sockets: WebSocket[] = []
  const before = rssBytes(product.pid)
  const verdicts: Verdict[] = []
  for (const count of counts) {
    while (sockets.length < count) {
      const next = Array.from({ length: Math.min(50, count - sockets.length) }, (_, i) => sockets.length + i)
      sockets.push(
        ...(await Promise.all(next.map((n) => connectIdle(product, devices[n % devices.length] as Device, n)))),
      )
    }
    const after = rssBytes(product.pid)
    if (before === undefined || after === undefined) continue
    verdicts.push({ what: `KiB an idle connection, of ${count}`, value: (after - before) / 1024 / count })
  }
  for (const socket of sockets) socket.terminate()
  return verdicts
}

/** CONNECT 3.1.1, clean, keep-alive 0; resolves with its CONNACK. */
function connectIdle({ url }: Product, { token }: Device, n: number): Promise<WebSocket> {
  const field = (text: string) => Buffer.from([text.length >> 8, text.length & 255, ...Buffer.from(text)])
  const body = Buffer.concat([field('MQTT'), Buffer.from([4, 0x82, 0, 0]), field(`idle-${n}`), field(token)])
  return new Promise((done, fail) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/mqtt`, 'mqtt', { perMessageDeflate: false })
    socket.once('error', fail)
    socket.once('open', () => socket.send(Buffer.concat([Buffer.from([0x10, body.length]), body])))
    socket.once('message', (data: Buffer) => {
      if (data[0] === 0x20 && data[3] === 0) done(socket)
      else fail(new Error(`CONNACK ${data.toString('hex')}`))
    })
  })
}
