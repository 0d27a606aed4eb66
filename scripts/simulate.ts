// npm run simulate -- --url U --devices N --rate R --via http,batch,cbor [--seconds S] [--api-key K] [--webhook-secret W]
// Devices sim-1, sim-2, … send believable readings; then everything that was acknowledged is read back.
// Exit code: 0 all of it is there, 1 something is missing or nothing was acknowledged, 2 wrong arguments.
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { drive, graceMs } from './simulate/drive.ts'
import { callApi, findFleet } from './simulate/fleet.ts'
import { readBack } from './simulate/read-back.ts'
import { Tally } from './simulate/tally.ts'
import type { Way } from './simulate/way.ts'
import { ways } from './simulate/ways/index.ts'

interface Arguments {
  readonly baseUrl: string
  readonly apiKey: string
  /** For the ways of a server that speaks for the tenant. */
  readonly webhookSecret: string | undefined
  readonly devices: number
  readonly rate: number
  readonly seconds: number
  readonly via: readonly Way[]
}

class UsageError extends Error {}

/** Our own, or parseArgs'. */
function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof TypeError && 'code' in error)
}

function readArguments(): Arguments {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      url: text,
      devices: text,
      rate: text,
      via: text,
      seconds: text,
      'api-key': text,
      'webhook-secret': text,
    },
  })
  const baseUrl = (values.url ?? `http://localhost:${process.env.PORT || 8787}`).replace(/\/+$/, '')
  const webhookSecret = values['webhook-secret'] ?? process.env.WEBHOOK_SECRET ?? readDemo(baseUrl)?.webhookSecret
  const able = ways.filter(({ speaksForTenant }) => !speaksForTenant || webhookSecret !== undefined)
  return {
    baseUrl,
    webhookSecret,
    apiKey: values['api-key'] ?? process.env.API_KEY ?? demoKey(baseUrl),
    devices: readNumber('--devices', values.devices ?? '10', 1, 10_000),
    rate: readNumber('--rate', values.rate ?? '50', 0.1, 100_000),
    seconds: readNumber('--seconds', values.seconds ?? '30', 1, 86_400),
    via: (values.via ?? able.map(({ id }) => id).join(',')).split(',').map((id) => findWay(id, able)),
  }
}

function readNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (text !== '' && value >= least && value <= most) return value
  throw new UsageError(`${name} is a number from ${least} to ${most}, not "${text}".`)
}

function findWay(id: string, able: readonly Way[]): Way {
  const way = ways.find((entry) => entry.id === id.trim())
  if (way && able.includes(way)) return way
  if (way) throw new UsageError(`"${way.id}" needs --webhook-secret or WEBHOOK_SECRET, or run "npm run demo" first.`)
  throw new UsageError(`There is no way in "${id}"; there are ${ways.map((entry) => entry.id).join(', ')}.`)
}

/** The key that `npm run demo` (or the first `npm start`) left for this server. */
function demoKey(baseUrl: string): string {
  const demo = readDemo(baseUrl)
  if (demo) return demo.apiKey
  throw new UsageError(`No API key for ${baseUrl}: give --api-key or API_KEY, or run "npm run demo" first.`)
}

function readDemo(baseUrl: string): DemoFile | undefined {
  const file = join(resolve(process.env.STATE_DIR ?? join('.wrangler', 'state')), 'demo.json')
  const demo: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
  return isDemo(demo) && demo.baseUrl === baseUrl ? demo : undefined
}

interface DemoFile {
  readonly baseUrl: string
  readonly apiKey: string
  readonly webhookSecret?: string
}

function isDemo(value: unknown): value is DemoFile {
  return typeof value === 'object' && value !== null && 'baseUrl' in value && 'apiKey' in value
}

async function simulate({ baseUrl, apiKey, webhookSecret, devices, rate, seconds, via }: Arguments): Promise<boolean> {
  const fleet = await findFleet(baseUrl, apiKey, Math.floor(devices))
  const names = via.map(({ id }) => id).join(', ')
  console.log(`${fleet.length} devices, ${rate} readings/s for ${seconds} s by ${names} to ${baseUrl}`)

  const { tenantId } = (await callApi<{ tenantId: string }>(`${baseUrl}/api/tenant`, apiKey)).body
  const access = { tenantId, ...(webhookSecret !== undefined && { webhookSecret }) }
  const open = await Promise.all(via.map(async (way) => ({ way, sender: await way.open(baseUrl, access) })))
  const tally = new Tally()
  const startedAt = Date.now()
  const elapsed = () => (Date.now() - startedAt) / 1000
  const lines = setInterval(() => console.log(tally.progress(elapsed())), Math.max(1, Math.min(5, seconds / 5)) * 1000)
  try {
    await drive({ fleet, open, rate, seconds, tally })
  } finally {
    clearInterval(lines)
    await Promise.all(open.map(({ sender }) => sender.close()))
  }
  console.log(`\n${tally.summary(elapsed())}`)
  if (tally.sent < rate * seconds * 0.95) {
    console.log(`The rate was not reached: ${(tally.sent / seconds).toFixed(0)} readings/s went out.`)
  }
  if (tally.unacknowledged > 0) {
    console.log(`${tally.unacknowledged} got no acknowledgement within ${graceMs / 1000} s; they may be stored or not.`)
  }
  return isAllThere(tally, await readBack(baseUrl, apiKey, tally.acknowledged))
}

function isAllThere(tally: Tally, { found, missing }: Awaited<ReturnType<typeof readBack>>): boolean {
  console.log(`read back: ${found} of ${tally.accepted} acknowledged readings, ${missing.length} missing`)
  for (const { device, ts, why } of missing.slice(0, 10)) console.log(`  ${device} ${ts} ${why}`)
  if (tally.accepted === 0) console.log('Nothing was acknowledged, so nothing is shown.')
  return missing.length === 0 && tally.accepted > 0
}

try {
  process.exitCode = (await simulate(readArguments())) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = isUsageError(error) ? 2 : 1
}
