import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { applyLocalMigrations, migrationsHash, mustRun, root } from './wrangler.ts'

export interface LocalServerOptions {
  readonly port: number
  readonly stateDir: string
  readonly vars?: Readonly<Record<string, string>>
  readonly configPath?: string
  /** Where the bundle is built. */
  readonly outDir?: string
  /** Takes one line of the Worker's log. */
  readonly onLog?: (line: string) => void
}

export interface LocalServer {
  readonly url: string
  readonly workerdPid: () => number | undefined
  stop(): Promise<void>
}

/**
 * The production bundle on a direct workerd socket: `wrangler dev` passes each request through a proxy, which
 * takes 550 requests a second where the socket takes 7,400 (measured, 2 cores).
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const { port, stateDir, vars = {} } = options
  const configPath = options.configPath ?? join(root, 'wrangler.toml')
  const outDir = options.outDir ?? join(root, 'dist', 'worker')
  await requireFreePort(port)
  mkdirSync(stateDir, { recursive: true })
  await Promise.all([
    mustRun('wrangler', ['deploy', '--dry-run', '--config', configPath, '--outdir', outDir]),
    migrate(stateDir),
  ])

  const miniflare = new Miniflare(
    convertV4MiniflareOptions(workers({ port, stateDir, vars, configPath, outDir, onLog: options.onLog })),
  )
  await miniflare.ready
  const cron = setInterval(() => void runCron(miniflare), 60_000)
  return {
    url: `http://localhost:${port}`,
    workerdPid: () => undefined,
    async stop() {
      clearInterval(cron)
      await miniflare.dispose()
    },
  }
}

type WorkerSetup = Required<Pick<LocalServerOptions, 'port' | 'stateDir' | 'vars'>> & {
  readonly configPath: string
  readonly outDir: string
  readonly onLog: LocalServerOptions['onLog']
}

/**
 * The assets stand in a Worker of their own: with assets, a direct socket leads through the assets router,
 * which costs ten times the request itself (measured). The app's own fallback asks the binding.
 */
function workers({ port, stateDir, vars, configPath, outDir, onLog }: WorkerSetup) {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(configPath)
  const { modulesRules: _, assets, bindings, ...worker } = workerOptions as typeof workerOptions & { assets?: object }
  const hosts = ['127.0.0.1', '::1']
  return {
    resourcePersistencePath: join(stateDir, 'v3'),
    logRequests: false,
    cf: false,
    host: '127.0.0.1',
    port: 0,
    ...(onLog && { handleStructuredLogs: ({ message }: { message: string }) => onLog(message) }),
    workers: [
      {
        ...worker,
        name: 'app',
        rootPath: root,
        bindings: { ...bindings, ...vars },
        modules: true,
        modulesRoot: outDir,
        scriptPath: join(outDir, 'index.js'),
        serviceBindings: { ASSETS: 'assets' },
        unsafeDirectSockets: hosts.map((host) => ({ host, port })),
      },
      {
        name: 'assets',
        compatibilityDate: worker.compatibilityDate,
        modules: [{ type: 'ESModule', path: 'assets.js', contents: assetsWorker }],
        assets: { ...assets, binding: 'ASSETS' },
      },
    ],
  }
}

const assetsWorker = 'export default { fetch: (request, env) => env.ASSETS.fetch(request) }'

async function migrate(stateDir: string): Promise<void> {
  const marker = join(stateDir, 'migrations')
  const hash = migrationsHash()
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return
  await applyLocalMigrations(stateDir)
  writeFileSync(marker, hash)
}

/** workerd fires no cron of its own; production does every minute. */
async function runCron(miniflare: Miniflare): Promise<void> {
  try {
    const worker = await miniflare.getWorker('app')
    await worker.scheduled({ cron: '* * * * *' })
  } catch (error) {
    console.error('cron:', error instanceof Error ? error.message : error)
  }
}

/** @throws Error in words, where something listens already */
export function requireFreePort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', () => reject(new Error(`Port ${port} is taken; set PORT to another one.`)))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()))
  })
}
