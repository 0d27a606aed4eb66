// Contenders that bring their own clients, in rounds, and their rows.
import type { Contender } from './contenders.ts'
import { median, quantileOf } from './load.ts'
import { cpuMs } from './process.ts'
import type { Row } from './report.ts'

export const rounds = 3

export interface Run {
  /** Milliseconds of each operation. */
  readonly latencies: readonly number[]
  readonly errors: readonly string[]
}

export interface Running {
  run(seconds: number): Promise<Run>
  close(): void
}

export interface Named {
  readonly name: string
  readonly connections: number
  /** Acknowledged ones in an operation. */
  readonly readings: number
}

export interface Course extends Named {
  /** With devices of its own: the rate limit is a device's. */
  open(): Promise<Running>
}

export interface TimedRun extends Run {
  readonly seconds: number
  readonly cpuMs: number | undefined
}

/** Each course once in each round, so that what else the machine does meets all of them. */
export async function race(contender: Contender, courses: readonly Course[], seconds: number): Promise<Row[]> {
  const results = new Map<Course, TimedRun[]>(courses.map((course) => [course, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [course, all] of results) {
      const running = await course.open()
      await running.run(0.5)
      all.push(await timed(contender, () => running.run(seconds)))
      running.close()
    }
  }
  return [...results].map(([course, all]) => toRow(course, all))
}

export async function timed<T extends Run>({ pid }: Contender, run: () => Promise<T>): Promise<T & TimedRun> {
  const startedAt = performance.now()
  const before = cpuMs(pid)
  const result = await run()
  const after = cpuMs(pid)
  const used = before === undefined || after === undefined ? undefined : after - before
  return { ...result, seconds: (performance.now() - startedAt) / 1000, cpuMs: used }
}

export function toRow({ name, connections, readings }: Named, all: readonly TimedRun[]): Row {
  const rates = all.map(({ latencies, seconds }) => latencies.length / seconds)
  const perOp = all.flatMap(({ cpuMs: used, latencies }) =>
    used === undefined ? [] : [(used * 1000) / latencies.length],
  )
  const rate = median(rates)
  const errors = all.flatMap((one) => one.errors)
  return {
    name,
    connections,
    rate,
    readingsPerSecond: rate * readings,
    p50: median(all.map(({ latencies }) => quantileOf(latencies, 0.5))),
    p99: median(all.map(({ latencies }) => quantileOf(latencies, 0.99))),
    serverUsPerOp: perOp.length > 0 ? median(perOp) : undefined,
    spread: (Math.max(...rates) - Math.min(...rates)) / rate,
    errors: errors.length,
    errorStatuses: [...new Set(errors)],
  }
}
