// Section HTTP: the product beside an empty route and a Worker with two D1 trips a request.
import { Encoder } from 'cbor-x'
import { requestBytes } from './connection.ts'
import { type Device, type Naive, type Product, startNaive, startProduct } from './contenders.ts'
import { drive, type LoadResult, median } from './load.ts'
import { cpuMs } from './process.ts'
import type { Row, Section } from './report.ts'

const runs = 3
const connectionCounts = [32, 128] as const
const batchSize = 100
const values = { temperature: 24.5, humidity: 61, seq: 12345 }
const batch = { items: Array.from({ length: batchSize }, (_, i) => ({ telemetry: { ...values, seq: i } })) }
const json = { 'content-type': 'application/json' }
const cbor = { 'content-type': 'application/cbor' }
const encoder = new Encoder({ useRecords: false })

interface Course {
  readonly name: string
  readonly readings: number
  readonly pid: number | undefined
  readonly url: string
  readonly request: (connection: number) => Buffer
}

export async function runHttp(quick: boolean): Promise<Section> {
  const most = Math.max(...connectionCounts)
  const naive = await startNaive(most)
  const product = await startProduct()
  try {
    const devices = await product.makeDevices(most)
    const rows: Row[] = []
    for (const connections of connectionCounts) {
      const makeCourses = async () => [
        ...naiveCourses(naive),
        ...productCourses(product, devices),
        // Its rate limit is a device's: each round has one of its own.
        sharedCourse(product, (await product.makeDevices(1))[0] as Device),
      ]
      rows.push(...(await race(makeCourses, connections, quick)))
    }
    return { title: 'HTTP', rows, verdicts: verdicts(rows) }
  } finally {
    await Promise.all([naive.stop(), product.stop()])
  }
}

function naiveCourses({ url, pid, tokens }: Naive): Course[] {
  const at = (path: string, body: string) => {
    const requests = tokens.map((token) => requestBytes(url, { path: path.replace('*', token), headers: json, body }))
    return (connection: number) => requests[connection] as Buffer
  }
  const single = JSON.stringify(values)
  return [
    { name: 'noop', readings: 0, pid, url, request: at('/noop', single) },
    { name: 'naive, JSON', readings: 1, pid, url, request: at('/api/v1/*/telemetry', single) },
    {
      name: 'naive, batch JSON',
      readings: batchSize,
      pid,
      url,
      request: at('/api/v1/*/telemetry/batch', JSON.stringify(batch)),
    },
  ]
}

function productCourses({ url, pid }: Product, devices: readonly Device[]): Course[] {
  const course = (name: string, readings: number, headers: Record<string, string>, body: Uint8Array | string) => {
    const path = (token: string) => `/api/v1/${token}/telemetry${readings > 1 ? '/batch' : ''}`
    const requests = devices.map(({ token }) => requestBytes(url, { path: path(token), headers, body }))
    return { name, readings, pid, url, request: (connection: number) => requests[connection] as Buffer }
  }
  return [
    course('JSON', 1, json, JSON.stringify(values)),
    course('CBOR', 1, cbor, encoder.encode(values)),
    course('batch JSON', batchSize, json, JSON.stringify(batch)),
    course('batch CBOR', batchSize, cbor, encoder.encode(batch)),
  ]
}

function sharedCourse({ url, pid }: Product, { token }: Device): Course {
  const request = requestBytes(url, {
    path: `/api/v1/${token}/telemetry`,
    headers: json,
    body: JSON.stringify(values),
  })
  return { name: 'JSON, one device', readings: 1, pid, url, request: () => request }
}

type Run = LoadResult & { readonly cpuMs: number | undefined }

/** Rounds (the first one warms up), each contender once in each, so that what else the machine does meets all of them. */
async function race(makeCourses: () => Promise<Course[]>, connections: number, quick: boolean): Promise<Row[]> {
  const results = new Map<string, { readings: number; runs: Run[] }>()
  for (let round = 0; round <= runs; round++) {
    for (const { name, readings, pid, url, request } of await makeCourses()) {
      // What was idle meanwhile is cold: workerd evicts an object after ten seconds, and V8 gives its heap back; the
      // first two seconds of batches run at three quarters of what follows (measured).
      await drive({ url, connections, seconds: quick ? 0.5 : 2, request })
      if (round === 0) continue
      const before = cpuMs(pid)
      const result = await drive({ url, connections, seconds: quick ? 1 : 3, request })
      const after = cpuMs(pid)
      const entry = results.get(name) ?? { readings, runs: [] }
      const used = before === undefined || after === undefined ? undefined : after - before
      entry.runs.push({ ...result, cpuMs: used })
      results.set(name, entry)
    }
  }
  return [...results].map(([name, entry]) => toRow(name, connections, entry.readings, entry.runs))
}

function toRow(name: string, connections: number, readings: number, all: readonly Run[]): Row {
  const perOp = all.flatMap(({ cpuMs: used, done }) => (used === undefined ? [] : [(used * 1000) / done]))
  const rate = median(all.map((run) => run.rate))
  const refused = all.flatMap(({ statuses }) => Object.entries(statuses).filter(([status]) => Number(status) >= 300))
  return {
    name,
    connections,
    rate,
    readingsPerSecond: rate * readings,
    p50: median(all.map((run) => run.p50)),
    p99: median(all.map((run) => run.p99)),
    serverUsPerOp: perOp.length > 0 ? median(perOp) : undefined,
    spread: (Math.max(...all.map((run) => run.rate)) - Math.min(...all.map((run) => run.rate))) / rate,
    errors: refused.reduce((sum, [, count]) => sum + count, 0) + all.reduce((sum, { broken }) => sum + broken, 0),
    errorStatuses: [...new Set(refused.map(([status]) => status))],
  }
}

function verdicts(rows: readonly Row[]) {
  return connectionCounts.flatMap((connections) => {
    const row = (name: string) => rows.find((r) => r.name === name && r.connections === connections) as Row
    const ratio = (a: string, b: string) => row(a).rate / row(b).rate
    // Two medians of three differ by chance by about what their own runs do.
    const noise = Math.max(0.1, Math.min(0.3, Math.max(row('CBOR').spread, row('JSON').spread)))
    const at = `, ${connections} connections`
    return [
      { what: `single JSON ÷ naive${at}`, value: ratio('JSON', 'naive, JSON'), target: 2 },
      { what: `readings/s in batches of 100${at}`, value: row('batch JSON').readingsPerSecond, target: 50_000 },
      {
        what: `CBOR ÷ JSON (noise ${Math.round(noise * 100)} %)${at}`,
        value: ratio('CBOR', 'JSON'),
        target: 1 - noise,
      },
      { what: `batch JSON ÷ naive batch${at}`, value: ratio('batch JSON', 'naive, batch JSON') },
      { what: `batch CBOR ÷ batch JSON${at}`, value: ratio('batch CBOR', 'batch JSON') },
      { what: `single JSON ÷ noop${at}`, value: ratio('JSON', 'noop') },
    ]
  })
}
