import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { TelemetryValue } from '../domain/telemetry.ts'
import type { Aggregation, Bucket } from '../domain/time-series.ts'
import type { StoredReading } from './device-state.ts'
import type { TelemetryStore } from './telemetry-store.ts'

/** A stretch of time of a device that lies in one shard. `to` is included. */
export interface Stretch {
  readonly shard: number
  readonly from: number
  readonly to: number
}

/** The shards that a range touches, oldest first, without a seam or an overlap. */
export function stretchesOf({ shards }: DeviceIdentity, from: number, to: number): Stretch[] {
  const starts = shards.length === 0 ? [{ fromTs: Number.NEGATIVE_INFINITY, shard: 0 }] : shards
  return starts.flatMap(({ shard, fromTs }, i) => {
    const start = i === 0 ? from : Math.max(from, fromTs)
    const end = Math.min(to, (starts[i + 1]?.fromTs ?? Number.POSITIVE_INFINITY) - 1)
    return start <= end ? [{ shard, from: start, to: end }] : []
  })
}

/**
 * A device's readings in [from, to], newest first, at most `rows` of them. Read in chunks that grow as the
 * readings prove small, so that no more than `limits.readChunkBytes` or so are held.
 */
export async function* readNewestFirst(
  store: TelemetryStore,
  device: DeviceIdentity,
  from: number,
  to: number,
  rows: number,
): AsyncGenerator<StoredReading> {
  let left = rows
  let chunk = 64
  for (const stretch of stretchesOf(device, from, to).reverse()) {
    const db = store.shard(stretch.shard)
    let before = stretch.to
    while (left > 0) {
      const { results } = await db
        .prepare(
          'SELECT ts, "values" FROM telemetry WHERE device_id = ?1 AND ts BETWEEN ?2 AND ?3 ORDER BY ts DESC LIMIT ?4',
        )
        .bind(device.deviceId, stretch.from, before, Math.min(chunk, left))
        .all<{ ts: number; values: string }>()
      let bytes = 0
      for (const { ts, values } of results) {
        bytes += values.length
        before = ts - 1
        left--
        yield { ts, values: JSON.parse(values) as StoredReading['values'] }
      }
      if (results.length < chunk) break
      chunk = Math.max(16, Math.min(2_000, Math.floor(limits.readChunkBytes / (bytes / results.length))))
    }
  }
}

export interface BucketRow extends Bucket {
  readonly deviceId: string | null
  readonly key: string
  readonly bucket: number
}

export interface BucketQuery {
  readonly deviceIds: readonly string[]
  /** Empty: every key. */
  readonly keys: readonly string[]
  readonly from: number
  readonly to: number
  readonly interval: number
  /** One series a key over all devices. */
  readonly combine: boolean
  readonly aggregation: Aggregation
  readonly limit: number
}

interface SqlBucket extends Omit<BucketRow, 'value'> {
  readonly type: string | null
  readonly value: number | string | null
}

/** SQLite takes a bare column from the row of a lone min() or max(). */
const edge = (pick: 'min' | 'max') =>
  `count(*) AS n, NULL AS sum, NULL AS min, NULL AS max, ${pick}(ts) AS at, type, value`
const numbers = `count(*) AS n, sum(number) AS sum, min(number) AS min, max(number) AS max, 0 AS at, NULL AS type, NULL AS value`

/** Aggregates in the database: each row of the range is read once, and the Worker sees buckets only. */
export async function readBuckets(db: D1Database, query: BucketQuery): Promise<BucketRow[]> {
  const { deviceIds, keys, from, to, interval, combine, aggregation, limit } = query
  const isEdge = aggregation === 'first' || aggregation === 'last'
  const numeric = !isEdge && aggregation !== 'count'
  const columns = isEdge ? edge(aggregation === 'first' ? 'min' : 'max') : numbers
  const statement = `
    SELECT deviceId, key, bucket, ${columns} FROM (
      SELECT ${combine ? 'NULL' : 'device_id'} AS deviceId, j.key AS key, ts - ts % ?4 AS bucket, ts, j.type, j.value,
        CASE WHEN j.type IN ('integer', 'real', 'true', 'false') THEN j.value END AS number
      FROM telemetry t, json_each(t."values") j
      WHERE device_id IN (SELECT value FROM json_each(?1)) AND ts BETWEEN ?2 AND ?3
        AND (?5 = '[]' OR j.key IN (SELECT value FROM json_each(?5)))
    ) ${numeric ? 'WHERE number IS NOT NULL' : ''}
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT ?6`
  const { results } = await db
    .prepare(statement)
    .bind(JSON.stringify(deviceIds), from, to, interval, JSON.stringify(keys), limit)
    .all<SqlBucket>()
  return results.map(({ type, value, ...row }) => ({ ...row, value: toValue(type, value) }))
}

function toValue(type: string | null, value: number | string | null): TelemetryValue | null {
  if (type === 'true' || type === 'false') return type === 'true'
  return type === 'array' ? (JSON.parse(value as string) as unknown[]) : value
}

export interface ListedKey {
  readonly key: string
  readonly type: string
  readonly lastTs: number
}

/** Keys that the tenant's devices sent, from what their objects saved. */
export async function listTenantKeys(db: D1Database, tenantId: string, limit: number): Promise<ListedKey[]> {
  const { results } = await db
    .prepare(
      `SELECT j.key AS key, max(j.value ->> 0) AS lastTs, json_type(j.value, '$[1]') AS type
       FROM device_state s, json_each(s.latest) j WHERE s.tenant_id = ?1 GROUP BY j.key ORDER BY j.key LIMIT ?2`,
    )
    .bind(tenantId, limit)
    .all<ListedKey>()
  return results
}
