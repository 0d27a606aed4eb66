import { join } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'
import { buildWeb, writeWeb } from './scripts/build-web.ts'
import { readProject } from './scripts/wrangler.ts'

const inWorkerd = ['test/{objects,pipeline,services,store,routes}/**/*.test.ts']
const endToEnd = ['test/{e2e,journeys}/**/*.test.ts']

/** By binding. The pool itself lists only the folder's own files: migrations/telemetry is another database's. */
async function readMigrations() {
  const { databases } = readProject()
  const entries = databases.map(async ({ binding, migrationsDir }) => [binding, await readD1Migrations(migrationsDir)])
  return Object.fromEntries(await Promise.all(entries))
}

// wrangler's [build], which the pool does not run.
writeWeb(await buildWeb())

/** Three kinds of test: pure ones in Node, those of objects and databases in workerd, and real clients end to end. */
export default defineConfig(async () => ({
  test: {
    passWithNoTests: true,
    projects: [
      {
        // Whatever is in neither of the others, so that no test is left out.
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...inWorkerd, ...endToEnd] },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: join(import.meta.dirname, 'wrangler.toml') },
            miniflare: {
              bindings: {
                SETUP_TOKEN: 'test-setup-token',
                SEALING_SECRET: 'a sealing secret for tests, of 32 characters or more',
                TEST_MIGRATIONS: await readMigrations(),
              },
            },
          }),
        ],
        test: {
          name: 'workers',
          include: inWorkerd,
          setupFiles: ['test/setup.ts'],
          // As esbuild bundles it for production: file by file, parts of its streams are loaded twice and collide.
          deps: { optimizer: { ssr: { enabled: true, include: ['mqtt-packet'] } } },
          testTimeout: 30_000,
          hookTimeout: 30_000,
          // Of two cores vitest would use one: these tests mostly wait.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: endToEnd,
          // Each file starts a server of its own; two at once would measure each other.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
}))
