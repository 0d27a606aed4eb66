// npm start: builds, migrates, serves, and fills an empty installation with the demo.
// PORT, STATE_DIR, SETUP_TOKEN and what is listed below (`passedOn`) are taken from the environment.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runDemo } from './demo.ts'
import { startLocalServer } from './local-server.ts'

type Demo = Awaited<ReturnType<typeof runDemo>>

const stateDir = resolve(process.env.STATE_DIR ?? join('.wrangler', 'state'))
const passedOn = ['PUBLIC_API_BASE_URL', 'INTEGRATION_WEBHOOK_SECRET', 'SEALING_SECRET', 'OUTGOING_LOOPBACK']

async function main(): Promise<void> {
  // Until the server runs, a signal ends the process as it always does; nothing is lost then.
  const setupToken = readSetupToken()
  const server = await startLocalServer({
    port: readPort(),
    stateDir,
    vars: { ...passedVars(), SETUP_TOKEN: setupToken },
  })
  let stopping = false
  const stop = () => {
    // Ctrl-C reaches this process from the terminal and again through npm and run.mjs.
    if (stopping) return
    stopping = true
    server.stop().then(() => process.exit(0), fail)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Miniflare's own handlers end the process at once, with 130 or 143.
    process.removeAllListeners(signal)
    process.on(signal, stop)
  }
  try {
    greet(server.url, await readOrMakeDemo(server.url, setupToken))
  } catch (error) {
    if (stopping) return
    await server.stop()
    throw error
  }
}

function readPort(): number {
  const port = Number(process.env.PORT || 8787)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Error(`PORT must be a number from 0 to 65535, not "${process.env.PORT}".`)
}

function readSetupToken(): string {
  if (process.env.SETUP_TOKEN) return process.env.SETUP_TOKEN
  const file = join(stateDir, 'setup-token')
  mkdirSync(stateDir, { recursive: true })
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
  return readFileSync(file, 'utf8').trim()
}

function passedVars(): Record<string, string> {
  return Object.fromEntries(passedOn.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

async function readOrMakeDemo(baseUrl: string, setupToken: string): Promise<Demo> {
  const file = join(stateDir, 'demo.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
  return runDemo({ baseUrl, stateDir, setupToken })
}

function greet(url: string, { apiKey, devices }: Demo): void {
  const http = devices.http
  if (!http) throw new Error('The demo has no device named "http".')
  const body = `-H 'Content-Type: application/json' -d '{"temperature":24.5}'`
  console.log(`
Autoconnecto Edge is ready on ${url}

Send a reading:
  curl -X POST ${url}/api/v1/${http.token}/telemetry ${body}
Read it back:
  curl ${url}/api/devices/${http.id}/telemetry/latest -H 'Authorization: Bearer ${apiKey}'

Read on in README.md, docs/ and ${url}/api/openapi.json. Ctrl-C ends it; the data stays in ${stateDir}.
`)
}

function fail(error: unknown): never {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

main().catch(fail)
