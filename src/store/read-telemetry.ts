import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { TelemetryValue } from '../domain/telemetry.ts'
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

export interface StoredReading {
  readonly ts: number
  readonly values: Readonly<Record<string, TelemetryValue>>
}

export interface SizedReading extends StoredReading {
  /** Of its JSON, in characters. */
  readonly size: number
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
): AsyncGenerator<SizedReading> {
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
        yield { ts, values: JSON.parse(values) as StoredReading['values'], size: values.length }
      }
      if (results.length < chunk) break
      chunk = Math.max(16, Math.min(2_000, Math.floor(limits.readChunkBytes / (bytes / results.length))))
    }
  }
}

export interface ListedKey {
  readonly key: string
  readonly type: string
  readonly lastTs: number
}

/** Keys that the tenant's devices sent, from what their objects saved; of so many devices at most. */
export async function listTenantKeys(
  db: D1Database,
  tenantId: string,
  limit: number,
  devices: number,
): Promise<ListedKey[]> {
  const { results } = await db
    .prepare(
      `SELECT j.key AS key, max(j.value ->> 0) AS lastTs, json_type(j.value, '$[1]') AS type
       FROM (SELECT latest FROM device_state WHERE tenant_id = ?1 LIMIT ?3) s, json_each(s.latest) j
       GROUP BY j.key ORDER BY j.key LIMIT ?2`,
    )
    .bind(tenantId, limit, devices)
    .all<ListedKey>()
  return results
}
