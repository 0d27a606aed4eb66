// A broker to race against (../shared/peers, beside this repository), where it can run.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../scripts/wrangler.ts'
import type { Row } from './report.ts'

const run = promisify(execFile)
const source = join(root, '..', 'shared', 'peers')
const scratch = join(tmpdir(), 'autoconnecto-peers')
const installMs = 240_000

interface PeerRun {
  readonly rate: number
  readonly missing: number
}

interface PeerAnswer {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly srvUsPerOp?: number
  readonly runs: readonly PeerRun[]
}

/** Of one publisher to so many subscribers, QoS 0, nothing stored. Undefined: it cannot run here. */
export async function raceAedes(readers: number, window: number, messages: number): Promise<Row | undefined> {
  const dir = await findPeers()
  if (dir === undefined) return undefined
  const port = await freePort()
  const broker = spawn(process.execPath, [join(dir, 'aedes-ws.mjs'), String(port)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    await firstOutput(broker)
    const options = { url: `ws://127.0.0.1:${port}/mqtt`, subs: readers, window, n: messages, qos: 0, pid: broker.pid }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    const { stdout } = await run(process.execPath, [join(dir, 'bench.mjs'), 'fanout', ...args, '--json'])
    return toRow(`aedes in memory, 1 → ${readers}, window ${window}`, readers, JSON.parse(stdout) as PeerAnswer)
  } finally {
    broker.kill()
  }
}

function toRow(name: string, connections: number, { rate, p50, p99, srvUsPerOp, runs }: PeerAnswer): Row {
  const rates = runs.map((one) => one.rate)
  return {
    name,
    connections,
    rate,
    readingsPerSecond: 0,
    p50,
    p99,
    serverUsPerOp: srvUsPerOp,
    spread: (Math.max(...rates) - Math.min(...rates)) / rate,
    errors: runs.reduce((sum, { missing }) => sum + missing, 0),
    errorStatuses: ['missing'],
  }
}

async function findPeers(): Promise<string | undefined> {
  if (!existsSync(source)) return undefined
  if (existsSync(join(source, 'node_modules'))) return source
  if (existsSync(join(scratch, 'node_modules', 'aedes'))) return scratch
  cpSync(source, scratch, { recursive: true })
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund']
  const isInstalled = await run('npm', args, { cwd: scratch, timeout: installMs }).then(
    () => true,
    () => false,
  )
  return isInstalled ? scratch : undefined
}

function firstOutput({ stdout }: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    stdout?.once('data', () => done())
    stdout?.once('end', () => fail(new Error('The broker did not start.')))
  })
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
