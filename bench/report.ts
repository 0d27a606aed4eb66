export interface Row {
  readonly name: string
  readonly connections: number
  /** Requests, frames or deliveries a second: what an operation is. */
  readonly rate: number
  readonly readingsPerSecond: number
  readonly p50: number
  readonly p99: number
  /** CPU of the server's process per operation. */
  readonly serverUsPerOp: number | undefined
  /** (fastest − slowest run) ÷ median. */
  readonly spread: number
  readonly errors: number
  readonly errorStatuses: readonly string[]
}

export interface Verdict {
  readonly what: string
  readonly value: number
  /** At least this. With neither: for information. */
  readonly target?: number
  readonly atMost?: number
}

export interface Section {
  readonly title: string
  readonly rows?: readonly Row[]
  readonly verdicts: readonly Verdict[]
  /** What the verdicts alone do not tell. */
  readonly notes?: readonly string[]
}

/** A tail that needs an explanation. */
const tailFactor = 20

export function printSection({ title, rows = [], verdicts, notes = [] }: Section): void {
  console.log(`\n${title}`)
  if (rows.length > 0) printTable(rows)
  for (const verdict of verdicts) console.log(`  ${verdict.what}: ${short(verdict.value)}${judge(verdict)}`)
  for (const note of notes) console.log(`  ${note}`)
}

function judge({ value, target, atMost }: Verdict): string {
  const word = (isMet: boolean) => (isMet ? 'met' : 'NOT MET')
  if (target !== undefined) return `  ${word(value >= target)} (≥ ${short(target)})`
  return atMost === undefined ? '' : `  ${word(value <= atMost)} (≤ ${short(atMost)})`
}

function printTable(rows: readonly Row[]): void {
  const head = ['', 'conns', 'ops/s', 'readings/s', 'p50 ms', 'p99 ms', 'server µs/op', 'spread', '']
  const lines = rows.map((row) => [
    row.name,
    String(row.connections),
    short(row.rate),
    row.readingsPerSecond > 0 ? short(row.readingsPerSecond) : '',
    row.p50.toFixed(1),
    row.p99.toFixed(1),
    row.serverUsPerOp === undefined ? '' : short(row.serverUsPerOp),
    `${Math.round(row.spread * 100)} %`,
    remarks(row).join('; '),
  ])
  const widths = head.map((title, i) => Math.max(...[head, ...lines].map((line) => line[i]?.length ?? 0), title.length))
  for (const line of [head, ...lines]) {
    const cells = line.map((cell, i) => {
      const isText = i === 0 || i === line.length - 1
      return isText ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)
    })
    console.log(`  ${cells.join('  ').trimEnd()}`)
  }
}

function remarks({ p50, p99, errors, errorStatuses }: Row): string[] {
  return [
    ...(p99 > tailFactor * p50 ? [`p99 is ${Math.round(p99 / p50)} × p50`] : []),
    ...(errors > 0 ? [`${errors} errors (${errorStatuses.join(', ') || 'no answer'})`] : []),
  ]
}

function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
}

export function hasErrors({ rows = [] }: Section): boolean {
  return rows.some(({ errors }) => errors > 0)
}
