import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

const databases = env as unknown as Readonly<Record<string, D1Database>>

for (const [binding, migrations] of Object.entries(env.TEST_MIGRATIONS)) {
  const database = databases[binding]
  if (!database) throw new Error(`wrangler.toml has no D1 database "${binding}"`)
  await applyD1Migrations(database, migrations)
}
