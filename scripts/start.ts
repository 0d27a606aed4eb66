// npm start: builds, migrates, serves; fills an empty installation with the demo. PORT and STATE_DIR change where.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Demo, runDemo } from './demo.ts'
import { startLocalServer } from './local-server.ts'

const port = Number(process.env.PORT ?? 8787)
const stateDir = resolve(process.env.STATE_DIR ?? join('.wrangler', 'state'))
const passedOn = ['PUBLIC_API_BASE_URL', 'INTEGRATION_WEBHOOK_SECRET', 'TELEMETRY_LOCATIONS']

function setupToken(): string {
  if (process.env.SETUP_TOKEN) return process.env.SETUP_TOKEN
  const file = join(stateDir, 'setup-token')
  mkdirSync(stateDir, { recursive: true })
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600 })
  return readFileSync(file, 'utf8').trim()
}

async function main(): Promise<void> {
  const token = setupToken()
  const vars: Record<string, string> = { SETUP_TOKEN: token }
  for (const name of passedOn) if (process.env[name]) vars[name] = process.env[name]
  const server = await startLocalServer({ port, stateDir, vars })

  const stop = async () => {
    await server.stop()
    process.exit(0)
  }
  process.on('SIGINT', () => void stop())
  process.on('SIGTERM', () => void stop())

  const file = join(stateDir, 'demo.json')
  const demo = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Demo)
    : await runDemo({ baseUrl: server.url, stateDir, setupToken: token })
  greet(server.url, demo)
}

function greet(url: string, demo: Demo): void {
  const { id, token } = demo.devices.http ?? { id: '', token: '' }
  const lines = [
    '',
    `Autoconnecto Edge is ready on ${url}`,
    '',
    'Send a reading:',
    `  curl -X POST ${url}/api/v1/${token}/telemetry -H 'Content-Type: application/json' -d '{"temperature":24.5}'`,
    'Read it back:',
    `  curl ${url}/api/devices/${id}/telemetry/latest -H 'Authorization: Bearer ${demo.apiKey}'`,
    '',
    `Docs: README.md, docs/, ${url}/api/openapi.json, ${url}/api/v1/connectivity/catalog`,
    'Ctrl-C ends it; the data stays.',
    '',
  ]
  console.log(lines.join('\n'))
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
