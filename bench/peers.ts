// Brokers to race against (../shared/peers, beside this repository), where they can run, and their load generator,
// which drives the product with the same packets.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { root } from '../scripts/wrangler.ts'
import type { Row } from './report.ts'

const run = promisify(execFile)
const source = join(root, '..', 'shared', 'peers')
const scratch = join(tmpdir(), 'autoconnecto-peers')
const installMs = 240_000

export const peers = ['aedes', 'aedes-sqlite', 'mosquitto'] as const
export type Peer = (typeof peers)[number]

export interface Broker {
  readonly url: string
  readonly pid: number | undefined
}

interface PeerRun {
  readonly rate: number
  readonly done: number
  readonly missing?: number
  readonly badAcks?: number
  readonly closed?: number
}

interface PeerAnswer {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly srvUsPerOp?: number
  readonly runs: readonly PeerRun[]
}

export interface Load {
  readonly name: string
  readonly mode: 'qos0' | 'qos1' | 'fanout'
  readonly connections: number
  readonly readings: number
  /** Of the generator: --topic, --window, … */
  readonly options: Readonly<Record<string, string | number>>
  /** Token a line: connection i has line i. */
  readonly tokens?: readonly string[]
}

/** The row, and how many operations its runs did in all. Undefined: the generator is not here. */
export async function drive(broker: Broker, load: Load): Promise<{ row: Row; done: number } | undefined> {
  const dir = await findPeers()
  if (dir === undefined) return undefined
  const files = mkdtempSync(join(tmpdir(), 'autoconnecto-load-'))
  try {
    const users = join(files, 'tokens')
    if (load.tokens) writeFileSync(users, load.tokens.join('\n'))
    const options = {
      url: broker.url,
      conns: load.connections,
      warm: 0,
      ...(broker.pid !== undefined && { pid: broker.pid }),
      ...(load.tokens && { users }),
      ...load.options,
    }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    const { stdout } = await run(process.execPath, [join(dir, 'bench.mjs'), load.mode, ...args, '--json'])
    const answer = JSON.parse(stdout) as PeerAnswer
    return { row: toRow(load, answer), done: answer.runs.reduce((sum, { done }) => sum + done, 0) }
  } finally {
    rmSync(files, { recursive: true, force: true })
  }
}

function toRow({ name, connections, readings }: Load, { rate, p50, p99, srvUsPerOp, runs }: PeerAnswer): Row {
  const rates = runs.map((one) => one.rate)
  return {
    name,
    connections,
    rate,
    readingsPerSecond: rate * readings,
    p50,
    p99,
    serverUsPerOp: srvUsPerOp,
    spread: (Math.max(...rates) - Math.min(...rates)) / rate,
    errors: runs.reduce((sum, { missing = 0, badAcks = 0, closed = 0 }) => sum + missing + badAcks + closed, 0),
    errorStatuses: ['missing, refused or closed'],
  }
}

/** Undefined: it cannot run here. */
export async function withPeer<T>(peer: Peer, work: (broker: Broker) => Promise<T>): Promise<T | undefined> {
  const dir = await findPeers()
  if (dir === undefined) return undefined
  const port = await freePort()
  const files = mkdtempSync(join(tmpdir(), 'autoconnecto-peer-'))
  const broker = await start(peer, dir, files, port)
  if (!broker) return undefined
  try {
    return await work({ url: `ws://127.0.0.1:${port}/mqtt`, pid: broker.pid })
  } finally {
    broker.kill()
    rmSync(files, { recursive: true, force: true })
  }
}

async function start(peer: Peer, dir: string, files: string, port: number): Promise<ChildProcess | undefined> {
  if (peer === 'mosquitto') {
    const config = join(files, 'mosquitto.conf')
    // 2.0.11 does not start with a WebSocket listener alone (measured): one for TCP beside it.
    const tcp = await freePort()
    const listeners = `listener ${tcp} 127.0.0.1\nlistener ${port} 127.0.0.1\nprotocol websockets\n`
    writeFileSync(config, `allow_anonymous true\npersistence false\n${listeners}`)
    const broker = spawn('mosquitto', ['-c', config], { stdio: 'ignore' })
    const isStarted = await new Promise<boolean>((done) => {
      broker.once('error', () => done(false)).once('exit', () => done(false))
      void sleep(500).then(() => done(true))
    })
    return isStarted ? broker : undefined
  }
  const store = peer === 'aedes' ? ['none'] : ['node:sqlite', join(files, 'aedes.db')]
  const broker = spawn(process.execPath, [join(dir, 'aedes-ws.mjs'), String(port), ...store], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await firstOutput(broker)
  return broker
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
