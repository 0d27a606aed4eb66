import { cpSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { startLocalRuntime } from './local-runtime.ts'
import { migrateLocal } from './migrate-local.ts'
import { lockState } from './state-lock.ts'
import { defaultConfigPath, mustRun, readProject, root } from './wrangler.ts'

export interface LocalServerOptions {
  /** 0: any free one. */
  readonly port: number
  readonly stateDir: string
  readonly vars?: Readonly<Record<string, string>>
  readonly configPath?: string
  /** In place of the configuration's own: a script that wraps it. */
  readonly main?: string
  /** Where the bundle is built. */
  readonly outDir?: string
  /** Keeps the Worker's log to itself. */
  readonly quiet?: boolean
  /** Told each line of the Worker's log, whether it is shown or not. */
  readonly onLog?: (line: string) => void
}

export interface LocalServer {
  readonly url: string
  stop(): Promise<void>
}

/**
 * The production bundle on a direct workerd socket, with its data in stateDir. `wrangler dev` passes every request
 * through a proxy: 550 requests a second where the socket gave 7,449 (one machine, 2 cores).
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const stateDir = resolve(options.stateDir)
  const unlock = lockState(stateDir)
  try {
    return await start({ ...options, stateDir }, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

async function start(options: LocalServerOptions, unlock: () => void): Promise<LocalServer> {
  const { stateDir, main, vars = {}, configPath = defaultConfigPath, quiet = false } = options
  const outDir = options.outDir ?? join(root, 'dist', 'worker')
  const script = main ? [main] : []
  const port = await freePort(options.port)
  await Promise.all([
    mustRun('wrangler', ['deploy', ...script, '--dry-run', '--config', configPath, '--outdir', outDir]),
    migrateLocal(stateDir, configPath),
  ])
  // A copy of its own: the next build puts other files in place of these.
  const webDir = join(outDir, '..', 'web-served')
  rmSync(webDir, { recursive: true, force: true })
  cpSync(join(root, 'dist', 'web'), webDir, { recursive: true })
  const { name, crons } = readProject(configPath)
  const log = (level: string, line: string) => {
    options.onLog?.(line)
    if (!quiet) writeLog(level, line)
  }
  const runtime = await startLocalRuntime({ name, port, stateDir, vars, configPath, outDir, webDir, log })
  const url = `http://localhost:${port}`
  await firstAnswer(`${url}/health`)
  const timers = crons.map((cron) => everyMinute(cron, runtime.runCron))
  return {
    url,
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await runtime.stop()
      unlock()
    },
  }
}

/** workerd fires no cron of its own. Only "every minute" is known here, which is the one that wrangler.toml has. */
function everyMinute(cron: string, runCron: (cron: string) => Promise<void>): NodeJS.Timeout {
  if (cron !== '* * * * *') throw new Error(`No local clock for the cron "${cron}"; teach scripts/local-server.ts.`)
  return setInterval(() => {
    runCron(cron).catch((error: unknown) => console.error('The scheduled handler failed:', error))
  }, 60_000)
}

function writeLog(level: string, line: string): void {
  const stream = level === 'error' || level === 'warn' ? process.stderr : process.stdout
  stream.write(`${line}\n`)
}

async function firstAnswer(url: string): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      const response = await fetch(url)
      await response.body?.cancel()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((wake) => setTimeout(wake, 50))
    }
  }
}

/** ::1 is tried as well: what listens there would get what is sent to localhost. */
async function freePort(port: number): Promise<number> {
  const free = await tryPort(port, '127.0.0.1')
  await tryPort(free, '::1')
  return free
}

/** @throws Error in one line, where something listens already */
function tryPort(port: number, host: string): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') fail(new Error(`Port ${port} is taken; choose another with PORT=…`))
      else if (error.code === 'EACCES') fail(new Error(`Port ${port} may not be opened by this user.`))
      else if (host === '::1') done(port)
      else fail(error)
    })
    probe.listen({ port, host }, () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address ? address.port : port))
    })
  })
}
