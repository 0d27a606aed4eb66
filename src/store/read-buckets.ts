import { type Aggregation, type Part, timeDigits } from '../domain/time-series.ts'

/** A part of one device's history that lies in one shard, oldest reading first. */
export interface Slice {
  readonly deviceId: string
  readonly from: number
  readonly to: number
}

export interface BucketQuery {
  readonly keys: readonly string[]
  readonly interval: number
  readonly aggregation: Aggregation
  /** Readings looked at in one slice. */
  readonly rows: number
}

export interface KeyPart extends Part {
  readonly key: string
  readonly bucket: number
}

export interface SliceResult {
  readonly parts: readonly KeyPart[]
  /** Readings looked at; as many as were allowed: newer ones than `reached` may be left. */
  readonly scanned: number
  readonly reached: number
}

interface SqlRow {
  readonly bucket: number
  readonly scanned: number
  readonly reached: number
  readonly [column: string]: number | string | null
}

/** D1 answers at most 100 columns and binds at most 100 parameters; a key takes two of the former. */
const keysPerStatement = 40
const firstKey = 6

const number = (path: string) => `CASE WHEN typeof("values" ->> ${path}) <> 'text' THEN "values" ->> ${path} END`
const timed = (path: string) => `printf('%0${timeDigits}d', ts) || ("values" -> ${path})`

/** What is asked of each key: how many, and the number or the edge. A sum is one of doubles: it never overflows. */
const columns: Readonly<Record<Aggregation, (path: string) => readonly [n: string, value: string]>> = {
  none: () => ['NULL', 'NULL'],
  count: (path) => [`count("values" -> ${path})`, '0'],
  avg: (path) => [`count(${number(path)})`, `sum(${number(path)} + 0.0)`],
  sum: (path) => [`count(${number(path)})`, `sum(${number(path)} + 0.0)`],
  min: (path) => [`count(${number(path)})`, `min(${number(path)})`],
  max: (path) => [`count(${number(path)})`, `max(${number(path)})`],
  first: (path) => [`count("values" -> ${path})`, `min(${timed(path)})`],
  last: (path) => [`count("values" -> ${path})`, `max(${timed(path)})`],
}

/**
 * Aggregates in the database; all slices in one round trip. D1 counts two rows read for each reading looked at (the
 * second is the sort into buckets), once for every 40 keys; json_each would count one more for each key that it holds.
 */
export async function readBuckets(
  db: D1Database,
  slices: readonly Slice[],
  query: BucketQuery,
): Promise<SliceResult[]> {
  const groups: string[][] = []
  for (let i = 0; i < query.keys.length; i += keysPerStatement) groups.push(query.keys.slice(i, i + keysPerStatement))
  const statements = slices.flatMap((slice) => groups.map((keys) => prepare(db, slice, keys, query)))
  const results = await db.batch<SqlRow>(statements)
  return slices.map((_, i) => {
    const own = groups.map((keys, g) => ({ keys, rows: results[i * groups.length + g]?.results ?? [] }))
    const rows = own[0]?.rows ?? []
    return {
      parts: own.flatMap(({ keys, rows }) => rows.flatMap((row) => toParts(row, keys))),
      scanned: rows.reduce((sum, row) => sum + row.scanned, 0),
      reached: rows.reduce((newest, row) => Math.max(newest, row.reached), 0),
    }
  })
}

function prepare(db: D1Database, slice: Slice, keys: readonly string[], query: BucketQuery): D1PreparedStatement {
  const ofKey = columns[query.aggregation]
  const selected = keys.map((_, i) => {
    const [n, value] = ofKey(`?${firstKey + i}`)
    return `${n} AS n${i}, ${value} AS v${i}`
  })
  return db
    .prepare(
      `SELECT ts - ts % ?4 AS bucket, count(*) AS scanned, max(ts) AS reached, ${selected.join(', ')} FROM (
        SELECT ts, "values" FROM telemetry WHERE device_id = ?1 AND ts BETWEEN ?2 AND ?3 ORDER BY ts LIMIT ?5
      ) GROUP BY 1`,
    )
    .bind(slice.deviceId, slice.from, slice.to, query.interval, query.rows, ...keys.map(toPath))
}

/** SQLite reads a quoted name in a path as JSON reads it: right for quotes, dots, brackets and `__proto__`. */
function toPath(key: string): string {
  return `$.${JSON.stringify(key)}`
}

function toParts(row: SqlRow, keys: readonly string[]): KeyPart[] {
  return keys.flatMap((key, i) => {
    const n = row[`n${i}`] as number
    if (n === 0) return []
    const value = row[`v${i}`]
    // D1 answers null for an infinite sum.
    const part =
      typeof value === 'string' ? { number: 0, edge: value } : { number: value ?? Number.POSITIVE_INFINITY, edge: '' }
    return [{ key, bucket: row.bucket, n, ...part }]
  })
}
