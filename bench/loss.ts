// Section loss: everything that was acknowledged, against the history that is read back.
import { callApi } from '../scripts/simulate/fleet.ts'
import { Connection, requestBytes } from './connection.ts'
import { type Device, type Product, startProduct } from './contenders.ts'
import type { Section, Verdict } from './report.ts'

const steadyRate = 40
const burstSize = 16_000
const burstConnections = 64
const key = 'value'

/** What was sent, by its number. */
interface Account {
  readonly title: string
  readonly sent: number
  readonly acknowledged: ReadonlySet<number>
  /** How often each number stands in history. */
  readonly stored: ReadonlyMap<number, number>
}

export async function runLoss(quick: boolean): Promise<Section> {
  const product = await startProduct()
  try {
    const [first, second] = (await product.makeDevices(2)) as [Device, Device]
    const steady = steadyRate * (quick ? 10 : 169)
    const accounts = [
      await account(product, first, `${steadyRate}/s, ${steady} readings`, steady, () =>
        sendSteadily(product, first, steady),
      ),
      await account(product, second, `a burst of ${burstSize} over ${burstConnections} connections`, burstSize, () =>
        sendBurst(product, second),
      ),
    ]
    return {
      title: 'Loss (one device, one key, no ts)',
      verdicts: accounts.flatMap(toVerdicts),
      notes: accounts.map(toNote),
    }
  } finally {
    await product.stop()
  }
}

async function account(
  product: Product,
  device: Device,
  title: string,
  sent: number,
  send: () => Promise<Set<number>>,
): Promise<Account> {
  const from = Date.now()
  const acknowledged = await send()
  return { title, sent, acknowledged, stored: await readHistory(product, device, from) }
}

function reading({ url }: Product, { token }: Device, n: number): Buffer {
  const headers = { 'content-type': 'application/json' }
  return requestBytes(url, { path: `/api/v1/${token}/telemetry`, headers, body: JSON.stringify({ [key]: n }) })
}

/** On time, whatever the answers do: each goes out on a connection that is free. */
async function sendSteadily(product: Product, device: Device, count: number): Promise<Set<number>> {
  const acknowledged = new Set<number>()
  const free: Connection[] = []
  const open: Promise<void>[] = []
  const startedAt = performance.now()
  for (let n = 0; n < count; n++) {
    const wait = startedAt + (n * 1000) / steadyRate - performance.now()
    if (wait > 0) await new Promise((wake) => setTimeout(wake, wait))
    const connection = free.pop() ?? new Connection(product.url)
    open.push(
      connection.exchange(reading(product, device, n)).then(
        ({ status }) => {
          if (status === 200) acknowledged.add(n)
          free.push(connection)
        },
        () => undefined,
      ),
    )
  }
  await Promise.all(open)
  for (const connection of free) connection.close()
  return acknowledged
}

async function sendBurst(product: Product, device: Device): Promise<Set<number>> {
  const acknowledged = new Set<number>()
  let next = 0
  async function run(): Promise<void> {
    const connection = new Connection(product.url)
    while (next < burstSize) {
      const n = next++
      const answer = await connection.exchange(reading(product, device, n)).catch(() => undefined)
      if (answer?.status === 200) acknowledged.add(n)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: burstConnections }, run))
  return acknowledged
}

/** As any client reads it: page by page, each ending where X-Next-To says. */
async function readHistory({ url, apiKey }: Product, { id }: Device, from: number): Promise<Map<number, number>> {
  const stored = new Map<number, number>()
  // A burst's times may run ahead of the clock.
  let to: string | null = String(Date.now() + 3_600_000)
  while (to !== null) {
    const page: string = `${url}/api/devices/${id}/telemetry/range?keys=${key}&from=${from}&to=${to}&limit=5000`
    const { body, headers }: { body: Record<string, [number, number][]>; headers: Headers } = await callApi(
      page,
      apiKey,
    )
    for (const [, n] of body[key] ?? []) stored.set(n, (stored.get(n) ?? 0) + 1)
    to = headers.get('x-next-to')
  }
  return stored
}

function missing({ acknowledged, stored }: Account): number {
  return [...acknowledged].filter((n) => !stored.has(n)).length
}

function doubled({ stored }: Account): number {
  return [...stored.values()].filter((times) => times > 1).length
}

function toVerdicts(account: Account): Verdict[] {
  const kept = account.acknowledged.size === 0 ? 0 : 1 - missing(account) / account.acknowledged.size
  return [{ what: `share of what was acknowledged that is stored, ${account.title}`, value: kept, target: 1 }]
}

function toNote(account: Account): string {
  const { title, sent, acknowledged, stored } = account
  const rows = [...stored.values()].reduce((sum, times) => sum + times, 0)
  const counts = `sent ${sent}, acknowledged ${acknowledged.size}, stored ${rows}`
  return `${title}: ${counts}, missing ${missing(account)}, doubled ${doubled(account)}`
}
