import { join } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'

const here = (folder: string) => join(import.meta.dirname, folder)

/** Three kinds of test: pure ones in Node, those of objects and databases in workerd, and real clients end to end. */
export default defineConfig(async () => {
  const bindings = {
    SETUP_TOKEN: 'test-setup-token',
    TEST_MIGRATIONS: {
      DB: await readD1Migrations(here('migrations')),
      TELEMETRY_0: await readD1Migrations(here('migrations/telemetry')),
    },
  }
  return {
    test: {
      projects: [
        {
          test: {
            name: 'unit',
            include: ['test/{domain,codec,connectors,writer}/**/*.test.ts', 'test/*.test.ts'],
          },
        },
        {
          plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' }, miniflare: { bindings } })],
          test: {
            name: 'workers',
            include: ['test/{objects,pipeline,services,store,routes}/**/*.test.ts'],
            setupFiles: ['./test/setup.ts'],
            testTimeout: 30_000,
          },
        },
        {
          test: {
            name: 'e2e',
            include: ['test/{e2e,journeys}/**/*.test.ts'],
            fileParallelism: false,
            testTimeout: 120_000,
            hookTimeout: 120_000,
          },
        },
      ],
    },
  }
})
