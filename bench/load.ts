import { type Answer, Connection } from './connection.ts'

export interface LoadOptions {
  readonly url: string
  readonly connections: number
  /** Until this is over, or … */
  readonly seconds?: number
  /** … so many requests are answered. */
  readonly count?: number
  /** The next request of a connection; `n` counts over all of them. */
  readonly request: (connection: number, n: number) => Buffer
  readonly onAnswer?: (answer: Answer, connection: number, n: number) => void
}

export interface LoadResult {
  readonly done: number
  readonly seconds: number
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly statuses: Readonly<Record<number, number>>
  /** Requests without an answer: the connection broke. */
  readonly broken: number
}

/** Closed loop: each connection sends as soon as its answer is there. */
export async function drive(options: LoadOptions): Promise<LoadResult> {
  const { url, connections, seconds = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY } = options
  const latencies: number[] = []
  const statuses: Record<number, number> = {}
  let sent = 0
  let broken = 0
  const startedAt = performance.now()
  const isOver = () => sent >= count || performance.now() - startedAt >= seconds * 1000

  async function run(index: number): Promise<void> {
    const connection = new Connection(url)
    while (!isOver()) {
      const n = sent++
      try {
        const answer = await connection.exchange(options.request(index, n))
        latencies.push(answer.ms)
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
        options.onAnswer?.(answer, index, n)
      } catch {
        broken++
      }
    }
    connection.close()
  }

  await Promise.all(Array.from({ length: connections }, (_, index) => run(index)))
  const took = (performance.now() - startedAt) / 1000
  const sorted = Float64Array.from(latencies).sort()
  return {
    done: sorted.length,
    seconds: took,
    rate: sorted.length / took,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    statuses,
    broken,
  }
}

export function quantileOf(values: readonly number[], share: number): number {
  return quantile(Float64Array.from(values).sort(), share)
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantileOf(values, 0.5)
}
