import type { Registry } from './registry.ts'
import type { TelemetryStore } from './telemetry-store.ts'

/**
 * Gives new devices the telemetry shard with the most room. With one shard there is nothing to choose and
 * nothing is written: a device without a row lives in shard 0.
 */
export async function assignShards(
  registry: Registry,
  telemetry: TelemetryStore,
  deviceIds: readonly string[],
): Promise<void> {
  if (telemetry.all.length < 2 || deviceIds.length === 0) return
  const sizes = await Promise.all(telemetry.all.map(databaseSize))
  const shard = sizes.indexOf(Math.min(...sizes))
  if (shard === 0) return
  await registry.$client
    .prepare('INSERT INTO device_shards (device_id, from_ts, shard) SELECT value, 0, ?2 FROM json_each(?1)')
    .bind(JSON.stringify(deviceIds), shard)
    .run()
}

/** D1 tells a database's size in bytes with every answer. */
async function databaseSize(db: D1Database): Promise<number> {
  const { meta } = await db.prepare('SELECT device_id FROM device_state LIMIT 1').run()
  return meta.size_after
}
