import { telemetryShards } from './shards.ts'

/** The telemetry databases, by shard. */
export interface TelemetryStore {
  readonly all: readonly D1Database[]
  shard(shard: number): D1Database
}

export function openTelemetryStore(env: Env): TelemetryStore {
  const shards = telemetryShards(env)
  return {
    all: shards.map(({ database }) => database),
    shard(shard) {
      const found = shards.find((entry) => entry.shard === shard)
      if (!found) throw new Error(`TELEMETRY_${shard} is not bound in wrangler.toml`)
      return found.database
    },
  }
}
