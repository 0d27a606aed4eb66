/// <reference lib="dom" />
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { DemoServer } from './server.ts'

/** Debian's; CHROMIUM names another. */
export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium'
/** Without a browser the pages cannot be tested; .ci/run installs one. */
export const hasChromium = existsSync(chromiumPath)

export function openBrowser(): Promise<Browser> {
  // As root, as CI runs, Chromium has no sandbox.
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

export interface Look {
  readonly theme: 'light' | 'dark'
  readonly isPhone?: boolean
}

const desktop = { width: 1280, height: 860 }
const phone = { width: 390, height: 844 }

export interface Visitor {
  readonly page: Page
  readonly context: BrowserContext
  /** Whatever the console or the page complained of. */
  readonly complaints: string[]
}

export async function visit(browser: Browser, url: string, { theme, isPhone = false }: Look): Promise<Visitor> {
  const context = await browser.newContext({
    baseURL: url,
    viewport: isPhone ? phone : desktop,
    hasTouch: isPhone,
    colorScheme: theme,
    locale: 'en-GB',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { page, context, complaints }
}

/** By the demo tenant's key. */
export async function signInWithKey(page: Page, { demo }: Pick<DemoServer, 'demo'>): Promise<void> {
  await page.goto('/')
  await page.getByRole('button', { name: 'Use an API key instead' }).click()
  await page.getByLabel('API key', { exact: true }).fill(demo.apiKey)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Devices' }).waitFor()
}

export const owner = { email: 'owner@example.com', password: 'quiet river 47 stones' }

/** As the page itself would ask. */
export function ask<T>(page: Page, method: string, path: string, json?: unknown): Promise<T> {
  return page.evaluate(
    async ([method, path, body]) => {
      const init = { method, headers: { 'content-type': 'application/json' }, ...(body !== undefined && { body }) }
      const response = await fetch(path, init)
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return response.status === 204 ? undefined : await response.json()
    },
    [method, path, json === undefined ? undefined : JSON.stringify(json)] as const,
  ) as Promise<T>
}

interface Made {
  readonly deviceId: string
  readonly token: string
}

export interface Fleet {
  readonly sensor: Made
  readonly gateway: Made
  readonly child: Made
}

/** Something of everything that pages show, in the tenant of whoever is signed in. */
export async function makeFleet(page: Page): Promise<Fleet> {
  const make = (json: object) => ask<Made>(page, 'POST', '/api/devices', json)
  const sensor = await make({ name: 'Greenhouse 1', label: 'Hall 3', deviceType: 'sensor' })
  const gateway = await make({ name: 'Gate A', deviceType: 'gateway', isGateway: true })
  const child = await make({ name: 'Meter 1', deviceType: 'meter', parentGatewayId: gateway.deviceId })
  const now = Date.now()
  const items = Array.from({ length: 60 }, (_, n) => ({
    ts: now - n * 50_000,
    telemetry: {
      temperature: Math.round((24 + Math.sin(n / 6) * 3) * 10) / 10,
      humidity: Math.round(48 + Math.cos(n / 9) * 8),
      battery: 3.6,
      door: n % 9 === 0,
    },
  }))
  await ask(page, 'POST', `/api/v1/${sensor.token}/telemetry/batch`, { items })
  await ask(page, 'POST', `/api/v1/${gateway.token}/telemetry`, {
    childDeviceId: child.deviceId,
    telemetry: { power: 410 },
  })
  const attributes = (scope: string, values: object) =>
    ask(page, 'POST', `/api/devices/${sensor.deviceId}/attributes`, { scope, attributes: values })
  await attributes('SHARED', { interval: 30, channel1: 1, mode: 'auto' })
  await attributes('CLIENT', { interval: 30, channel1: 0, firmware: '1.2.4' })
  await attributes('SERVER', { site: 'Hall 3' })
  const command = { method: 'reboot', params: { delay: 5 }, persistent: true }
  await ask(page, 'POST', `/api/devices/${sensor.deviceId}/commands`, command)
  return { sensor, gateway, child }
}

/** A call of a network server for a device that nobody knows, which waits in the inbox. */
export async function sendUnknown(url: string, tenantId: string, secret: string, devEui: string): Promise<void> {
  const response = await fetch(`${url}/api/v1/integrations/chirpstack/telemetry?tenantId=${tenantId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-webhook-secret': secret },
    body: JSON.stringify({ deviceInfo: { devEui, deviceName: 'soil-7' }, fPort: 1, object: { moisture: 31 } }),
  })
  if (!response.ok) throw new Error(`The webhook answered ${response.status}.`)
}

export interface Place {
  readonly name: string
  readonly path: string
  /** Opens what covers the page. */
  readonly act?: (page: Page) => Promise<void>
}

/** Every page, and every dialog on it: for looks at all of them. */
export function placesOf({ sensor, gateway }: Fleet): Place[] {
  const press = (name: string | RegExp) => async (page: Page) => {
    await page.getByRole('button', { name }).first().click()
    await page.getByRole('dialog').waitFor()
  }
  const tab = (name: string, view?: string) => async (page: Page) => {
    await press('Check connectivity')(page)
    await page.getByRole('tab', { name }).click()
    if (view) await page.getByRole('button', { name: view, exact: true }).click()
  }
  const device = `/devices/${sensor.deviceId}`
  return [
    { name: 'devices', path: '/devices' },
    { name: 'devices-new', path: '/devices', act: press('New device') },
    { name: 'devices-import', path: '/devices', act: press('Import CSV') },
    { name: 'devices-no-match', path: '/devices?q=zzz' },
    { name: 'device', path: device },
    { name: 'device-check-http', path: device, act: press('Check connectivity') },
    { name: 'device-check-mqtt-esp32', path: device, act: tab('MQTT', 'ESP32') },
    { name: 'device-check-websocket', path: device, act: tab('WebSocket') },
    { name: 'device-check-lora', path: device, act: tab('LoRa / webhook') },
    { name: 'device-attributes', path: `${device}/attributes` },
    { name: 'device-attributes-add', path: `${device}/attributes`, act: press('Add attribute') },
    { name: 'device-commands', path: `${device}/commands` },
    { name: 'device-events', path: `${device}/events` },
    { name: 'device-settings', path: `${device}/settings` },
    { name: 'device-delete', path: `${device}/settings`, act: press('Delete device…') },
    { name: 'gateway-children', path: `/devices/${gateway.deviceId}/children` },
    { name: 'settings-integrations', path: '/settings/integrations' },
    { name: 'settings-keys', path: '/settings/keys' },
    { name: 'settings-keys-new', path: '/settings/keys', act: press('New API key') },
    { name: 'settings-members', path: '/settings/members' },
    { name: 'settings-members-invite', path: '/settings/members', act: press('Invite') },
    { name: 'settings-audit', path: '/settings/audit' },
    { name: 'settings-tenant', path: '/settings/tenant' },
    { name: 'settings-account', path: '/settings/account' },
    { name: 'docs', path: '/docs' },
    { name: 'nothing', path: '/no/such/page' },
  ]
}

/** Shown whole: nothing is being loaded any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  await page.waitForFunction(() => document.querySelector('.loading') === null)
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
}

export async function signInAsOwner(page: Page): Promise<void> {
  await page.goto('/')
  await page.getByLabel('E-mail').fill(owner.email)
  await page.getByLabel('Password', { exact: true }).fill(owner.password)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Devices' }).waitFor()
}
