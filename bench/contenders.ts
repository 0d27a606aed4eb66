import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalServer, startLocalServer } from '../scripts/local-server.ts'
import { callApi } from '../scripts/simulate/fleet.ts'
import { pidListening } from './process.ts'

export interface Device {
  readonly id: string
  readonly token: string
}

export interface Contender {
  readonly url: string
  /** Of its workerd. */
  readonly pid: number | undefined
  stop(): Promise<void>
}

export interface Product extends Contender {
  readonly apiKey: string
  makeDevices(count: number): Promise<Device[]>
}

/** The production bundle on a direct workerd socket, with a tenant in it and data of its own. `main`: a script that wraps it. */
export async function startProduct(main?: string): Promise<Product> {
  const setupToken = 'bench-setup-token'
  const contender = await start({ vars: { SETUP_TOKEN: setupToken }, ...(main && { main }) })
  const onboarding = `${contender.url}/api/auth/onboarding`
  const { body } = await callApi<{ apiKey: string }>(onboarding, setupToken, { tenantName: 'Bench' })
  const { apiKey } = body
  return {
    ...contender,
    apiKey,
    makeDevices: (count) => makeDevices(contender.url, apiKey, count),
  }
}

export interface Naive extends Contender {
  readonly tokens: readonly string[]
}

/** `/noop` and the two-trips Worker. */
export async function startNaive(devices: number): Promise<Naive> {
  const contender = await start({ configPath: join(import.meta.dirname, 'naive', 'wrangler.toml') })
  const tokens = Array.from({ length: devices }, () => randomUUID())
  await fetch(`${contender.url}/devices`, { method: 'PUT', body: JSON.stringify(tokens) })
  return { ...contender, tokens }
}

async function start(options: {
  vars?: Record<string, string>
  configPath?: string
  main?: string
}): Promise<Contender> {
  const dir = mkdtempSync(join(tmpdir(), 'autoconnecto-bench-'))
  const forget = () => rmSync(dir, { recursive: true, force: true })
  let server: LocalServer
  try {
    server = await startLocalServer({
      ...options,
      port: 0,
      stateDir: join(dir, 'state'),
      outDir: join(dir, 'worker'),
      quiet: true,
    })
  } catch (error) {
    forget()
    throw error
  }
  return {
    url: server.url,
    pid: pidListening(Number(new URL(server.url).port)),
    async stop() {
      await server.stop()
      forget()
    },
  }
}

async function makeDevices(url: string, apiKey: string, count: number): Promise<Device[]> {
  const devices: Device[] = []
  for (let i = 0; i < count; i++) {
    const name = `bench ${randomUUID()}`
    const { body } = await callApi<{ deviceId: string; token: string }>(`${url}/api/devices`, apiKey, { name })
    devices.push({ id: body.deviceId, token: body.token })
  }
  return devices
}
