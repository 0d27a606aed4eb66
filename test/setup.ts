import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, expect } from 'vitest'
import { leaksIn, secretsMade } from './helpers/leaks.ts'

const databases = env as unknown as Readonly<Record<string, D1Database>>

for (const [binding, migrations] of Object.entries(env.TEST_MIGRATIONS)) {
  const database = databases[binding]
  if (!database) throw new Error(`wrangler.toml has no D1 database "${binding}"`)
  await applyD1Migrations(database, migrations)
}

const logged: string[] = []
for (const level of ['log', 'info', 'warn', 'error'] as const) {
  const write = console[level].bind(console)
  console[level] = (...words: unknown[]) => {
    logged.push(words.map(String).join(' '))
    write(...words)
  }
}

// Whatever a test is about: no line of the Worker or its objects holds a credential.
afterAll(() => {
  expect(leaksIn(logged, secretsMade)).toEqual([])
})
