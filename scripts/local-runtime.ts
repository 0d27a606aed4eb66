// The only file that knows miniflare (pinned with wrangler; its options are a beta).
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare, type V4MiniflareOptions, type V4WorkerOptions } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'

export interface LocalRuntimeOptions {
  readonly name: string
  readonly port: number
  readonly stateDir: string
  readonly vars: Readonly<Record<string, string>>
  readonly configPath: string
  readonly outDir: string
  /** The web app's files. */
  readonly webDir: string
  readonly log: (level: string, line: string) => void
}

export interface LocalRuntime {
  runCron(cron: string): Promise<void>
  stop(): Promise<void>
}

/** The part of a D1 database that migrations need. */
export interface LocalDatabase {
  names(table: string): Promise<string[]>
  batch(queries: readonly string[]): Promise<void>
}

const host = '127.0.0.1'

/** The layout of `wrangler … --local --persist-to stateDir`. */
const persistence = (stateDir: string) => ({ resourcePersistencePath: join(stateDir, 'v3') })

/**
 * Starts the bundle on a direct workerd socket. The assets stand in a Worker of their own: with assets of its own,
 * a Worker's direct socket leads through the assets router, which costs a third of the requests a second (measured).
 */
export async function startLocalRuntime(options: LocalRuntimeOptions): Promise<LocalRuntime> {
  const { name, port, stateDir, vars, configPath, outDir, webDir, log } = options
  // `assets` is there when the configuration has it, but not in wrangler's type.
  const workerOptions: Record<string, unknown> = unstable_getMiniflareWorkerOptions(configPath).workerOptions
  const { modulesRules: _, assets, bindings, serviceBindings, ...worker } = workerOptions
  const app = {
    ...worker,
    name,
    bindings: { ...(bindings as object), ...vars },
    modulesRoot: outDir,
    modules: bundleModules(outDir),
    serviceBindings: { ...(serviceBindings as object), ...(assets ? { ASSETS: 'assets' } : {}) },
    unsafeDirectSockets: [{ host, port }],
  } as V4WorkerOptions
  const site = {
    name: 'assets',
    rootPath: worker.rootPath,
    compatibilityDate: worker.compatibilityDate,
    modules: true,
    script: 'export default { fetch: (request, env) => env.ASSETS.fetch(request) }',
    assets: { ...(assets as object), directory: webDir },
  } as V4WorkerOptions
  const miniflare = await start({
    ...persistence(stateDir),
    handleStructuredLogs: ({ level, message }) => log(level, message),
    workers: assets ? [app, site] : [app],
  })
  return {
    async runCron(cron) {
      const app = await miniflare.getWorker(name)
      await app.scheduled({ cron, scheduledTime: new Date() })
    },
    stop: () => miniflare.dispose(),
  }
}

/** Opens local D1 databases, without the Worker, for as long as `work` takes. */
export async function withLocalDatabases(
  stateDir: string,
  ids: readonly string[],
  work: (open: (id: string) => Promise<LocalDatabase>) => Promise<void>,
): Promise<void> {
  const d1Databases = Object.fromEntries(ids.map((id) => [id, id]))
  const miniflare = await start({ ...persistence(stateDir), modules: true, script: 'export default {}', d1Databases })
  try {
    await work(async (id) => {
      const db = await miniflare.getD1Database(id)
      return {
        async names(table) {
          const { results } = await db.prepare(`SELECT name FROM ${table}`).all<{ name: string }>()
          return results.map(({ name }) => name)
        },
        async batch(queries) {
          await db.batch(queries.map((query) => db.prepare(query)))
        },
      }
    })
  } finally {
    await miniflare.dispose()
  }
}

async function start(options: V4MiniflareOptions): Promise<Miniflare> {
  const quiet = { logRequests: false, cf: false, telemetry: { enabled: false } }
  const miniflare = new Miniflare(convertV4MiniflareOptions({ ...quiet, host, port: 0, ...options }))
  await miniflare.ready
  return miniflare
}

type ModuleType = 'ESModule' | 'Text' | 'Data' | 'CompiledWasm'

const moduleTypes: Readonly<Record<string, ModuleType>> = {
  js: 'ESModule',
  txt: 'Text',
  html: 'Text',
  sql: 'Text',
  bin: 'Data',
  wasm: 'CompiledWasm',
}

/** What wrangler wrote, index.js first: the first module is the entry. */
function bundleModules(outDir: string): { type: ModuleType; path: string }[] {
  return readdirSync(outDir, { recursive: true, encoding: 'utf8' })
    .flatMap((file) => {
      const path = join(outDir, file)
      const type = moduleTypes[file.split('.').at(-1) ?? '']
      return type && statSync(path).isFile() ? [{ type, path }] : []
    })
    .sort((a, b) => Number(b.path === join(outDir, 'index.js')) - Number(a.path === join(outDir, 'index.js')))
}
