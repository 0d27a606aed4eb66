/** The telemetry databases are bound as TELEMETRY_0, TELEMETRY_1, … */
export function telemetryShard(env: Env, shard: number): D1Database {
  const database = (env as unknown as Record<string, D1Database | undefined>)[`TELEMETRY_${shard}`]
  if (!database) throw new Error(`TELEMETRY_${shard} is not bound in wrangler.toml`)
  return database
}

export function telemetryShards(env: Env): { readonly shard: number; readonly database: D1Database }[] {
  const shards: { shard: number; database: D1Database }[] = []
  for (const name of Object.keys(env)) {
    const digits = /^TELEMETRY_(\d+)$/.exec(name)?.[1]
    if (digits !== undefined)
      shards.push({
        shard: Number(digits),
        database: telemetryShard(env, Number(digits)),
      })
  }
  return shards.sort((a, b) => a.shard - b.shard)
}
