// npm run demo -- [--json] [--url U]: makes, or finds again, the tenant "Demo" with a device for each way in.
// Uses public routes only. For other servers than the local one: API_KEY or SETUP_TOKEN in the environment.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface Demo {
  readonly baseUrl: string
  readonly tenantId: string
  readonly apiKey: string
  readonly webhookSecret?: string
  readonly devices: Readonly<Record<string, { readonly id: string; readonly token: string }>>
}

interface DemoOptions {
  readonly baseUrl: string
  readonly stateDir: string
  readonly setupToken?: string | undefined
  readonly apiKey?: string | undefined
}

interface DeviceAnswer {
  readonly deviceId: string
  readonly name: string
  readonly token: string
  readonly integration: { readonly lorawan: { readonly dev_eui: string | null } }
}

/** Children come after their gateway. */
const wanted = [
  { name: 'http', deviceType: 'sensor' },
  { name: 'ws', deviceType: 'sensor' },
  { name: 'mqtt', deviceType: 'sensor' },
  { name: 'gateway', deviceType: 'gateway', isGateway: true },
  { name: 'child', deviceType: 'sensor', parent: 'gateway' },
  { name: 'lora', deviceType: 'lora', devEui: '0102030405060708' },
] as const

async function call<T>(url: string, token: string, body?: unknown): Promise<T> {
  const response = await reach(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as T & { detail?: string }
  if (!response.ok) throw new Error(`${new URL(url).pathname}: ${response.status} ${answer.detail ?? ''}`)
  return answer
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    throw new Error(`No server answers at ${new URL(url).origin}; start one with npm start.`, { cause })
  }
}

/** The same server, or another port of this machine over the same state. A key is sent nowhere else. */
function mayTry(known: string, asked: string): boolean {
  const isLocal = (url: string) => ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname)
  return known === asked || (isLocal(known) && isLocal(asked))
}

function readDemoFile(stateDir: string): Demo | undefined {
  const file = join(stateDir, 'demo.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Demo) : undefined
}

/** The key that an earlier run stored, where this server still takes it. */
async function storedKey({ baseUrl, stateDir, apiKey }: DemoOptions): Promise<string | undefined> {
  const stored = readDemoFile(stateDir)
  const candidate = apiKey ?? (stored && mayTry(stored.baseUrl, baseUrl) ? stored.apiKey : undefined)
  if (candidate === undefined) return undefined
  try {
    await call(`${baseUrl}/api/tenant`, candidate)
    return candidate
  } catch (error) {
    if (apiKey !== undefined) throw error
    return undefined
  }
}

async function obtainKey(options: DemoOptions): Promise<string> {
  const known = await storedKey(options)
  if (known !== undefined) return known
  const { baseUrl, setupToken } = options
  if (!setupToken) throw new Error('Set API_KEY or SETUP_TOKEN in the environment.')
  try {
    return (await call<{ apiKey: string }>(`${baseUrl}/api/auth/onboarding`, setupToken, { tenantName: 'Demo' })).apiKey
  } catch (error) {
    if (!String(error).includes(' 409 ')) throw error
    return (await call<{ apiKey: string }>(`${baseUrl}/api/tenants`, setupToken, { name: 'Demo' })).apiKey
  }
}

export async function runDemo(options: DemoOptions): Promise<Demo> {
  const { baseUrl, stateDir } = options
  const apiKey = await obtainKey(options)
  const { tenantId } = await call<{ tenantId: string }>(`${baseUrl}/api/tenant`, apiKey)
  const items = await listDevices(baseUrl, apiKey)
  const devices: Record<string, { id: string; token: string }> = {}
  for (const { name, ...rest } of wanted) {
    const devEui = 'devEui' in rest ? rest.devEui : undefined
    const found = items.find((item) => (devEui ? item.integration.lorawan.dev_eui === devEui : item.name === name))
    const device = found ?? (await createDevice(baseUrl, apiKey, name, rest, devices))
    devices[name] = { id: device.deviceId, token: device.token }
  }
  const webhookSecret = await obtainWebhookSecret(options, apiKey)
  const demo = { baseUrl, tenantId, apiKey, ...(webhookSecret !== undefined && { webhookSecret }), devices }
  mkdirSync(stateDir, { recursive: true })
  writeFileSync(join(stateDir, 'demo.json'), `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 })
  return demo
}

/** The secret that an earlier run stored, where it is still the tenant's; else a new one, if the key may make one. */
async function obtainWebhookSecret({ baseUrl, stateDir }: DemoOptions, apiKey: string): Promise<string | undefined> {
  const url = `${baseUrl}/api/tenant/integrations`
  const { secret } = await call<{ secret: { readonly lastFour: string } | null }>(url, apiKey)
  const known = readDemoFile(stateDir)?.webhookSecret
  if (known !== undefined && secret?.lastFour === known.slice(-4)) return known
  try {
    return (await call<{ secret: string }>(`${url}/secret`, apiKey, {})).secret
  } catch (error) {
    if (String(error).includes(' 403 ')) return undefined
    throw error
  }
}

async function listDevices(baseUrl: string, apiKey: string): Promise<DeviceAnswer[]> {
  const items: DeviceAnswer[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const url: string = `${baseUrl}/api/devices?limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`
    const page: { items: DeviceAnswer[]; nextCursor: string | null } = await call(url, apiKey)
    items.push(...page.items)
    cursor = page.nextCursor
  }
  return items
}

function createDevice(
  baseUrl: string,
  apiKey: string,
  name: string,
  rest: Omit<(typeof wanted)[number], 'name'>,
  made: Readonly<Record<string, { id: string }>>,
): Promise<DeviceAnswer> {
  const { deviceType } = rest
  return call(`${baseUrl}/api/devices`, apiKey, {
    name,
    deviceType,
    isGateway: 'isGateway' in rest,
    ...('parent' in rest && { parentGatewayId: made[String(rest.parent)]?.id }),
    ...('devEui' in rest && { integration: { lorawan: { dev_eui: rest.devEui } } }),
  })
}

/** The token that `npm start` made and keeps beside the state. */
function localSetupToken(stateDir: string): string | undefined {
  const file = join(stateDir, 'setup-token')
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, url: { type: 'string' } } })
  const stateDir = resolve(process.env.STATE_DIR ?? join('.wrangler', 'state'))
  const baseUrl = (values.url ?? `http://localhost:${process.env.PORT ?? 8787}`).replace(/\/+$/, '')
  const setupToken = process.env.SETUP_TOKEN ?? localSetupToken(stateDir)
  const demo = await runDemo({ baseUrl, stateDir, setupToken, apiKey: process.env.API_KEY })
  if (values.json) return console.log(JSON.stringify(demo, null, 2))
  console.log(`Tenant ${demo.tenantId} on ${baseUrl}`)
  if (demo.webhookSecret) console.log(`  webhook secret ${demo.webhookSecret}`)
  for (const [name, { id, token }] of Object.entries(demo.devices))
    console.log(`  ${name.padEnd(8)} id ${id}  token ${token}`)
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  })
}
