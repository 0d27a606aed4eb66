// The web app in a real browser, on the production bundle.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ask,
  chromiumPath,
  type Fleet,
  hasChromium,
  makeFleet,
  openBrowser,
  owner,
  placesOf,
  sendUnknown,
  settled,
  signInAsOwner,
  signInWithKey,
  visit,
} from './browser.ts'
import { type DemoServer, startDemoServer } from './server.ts'

const axeSource = readFileSync(join(import.meta.dirname, '..', '..', 'node_modules', 'axe-core', 'axe.min.js'), 'utf8')

interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
  }[]
}

async function violationsOf(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(axeSource)
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) }
  const { violations } = (await page.evaluate(`axe.run(${JSON.stringify(options)})`)) as AxeResults
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}

describe.skipIf(!hasChromium)(`the web app (in ${chromiumPath})`, () => {
  let server: DemoServer
  let browser: Browser
  let page: Page
  let complaints: string[]
  let fleet: Fleet

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startDemoServer(), openBrowser()])
    ;({ page, complaints } = await visit(browser, server.url, { theme: 'light' }))
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  const dialog = () => page.getByRole('dialog')
  const button = (name: string | RegExp) => page.getByRole('button', { name })

  test('leads from an empty installation to the first live point in four clicks', async () => {
    const startedAt = performance.now()
    let clicks = 0
    const click = async (role: 'button' | 'link', name: string) => {
      clicks++
      await page.getByRole(role, { name }).first().click()
    }
    await page.goto('/')
    await click('link', 'Create the owner account')
    await page.getByLabel('E-mail').fill(owner.email)
    await page.getByLabel('Password', { exact: true }).fill(owner.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Devices' }).waitFor()
    await click('button', 'New device')
    await page.getByLabel('Name', { exact: true }).fill('First sensor')
    await page.keyboard.press('Enter')
    await dialog().getByText('Waiting for the first message').waitFor()
    const sentAt = performance.now()
    await click('button', 'Send a test from here')
    await dialog().getByText('Received over HTTP').waitFor()
    const litAfter = performance.now() - sentAt
    await click('button', 'Open chart')
    await page.locator('.value', { hasText: 'temperature' }).getByText('25').waitFor()
    await page.locator('.chart canvas').waitFor()
    const tookMs = performance.now() - startedAt
    console.log(
      `first run: ${clicks} clicks, ${Math.round(tookMs)} ms of machine; lit up after ${Math.round(litAfter)} ms`,
    )
    expect(clicks).toBeLessThanOrEqual(4)
    expect(tookMs).toBeLessThan(8_000)
    expect(complaints).toEqual([])
  })

  test('finds devices by search, filter and order, and keeps them in the address', async () => {
    fleet = await makeFleet(page)
    await page.goto('/devices')
    await page.getByRole('link', { name: 'Gate A' }).waitFor()
    await page.getByRole('searchbox').fill('green')
    await page.waitForURL(/q=green/)
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
    await page.reload()
    await expect.poll(() => page.locator('tbody tr').allInnerTexts()).toEqual([expect.stringContaining('Greenhouse 1')])
    await page.goto('/devices?show=gateways')
    // The demo has another one.
    await expect.poll(() => page.locator('tbody a').allInnerTexts()).toEqual(['Gate A', 'gateway'])
    await page.goto('/devices')
    await button('Last seen').click()
    await page.waitForURL(/sort=-lastSeen/)
    expect(await page.locator('th[aria-sort="descending"]').textContent()).toContain('Last seen')
  })

  test('imports devices after a preview that names the rows to mend', async () => {
    await page.goto('/devices')
    await button('Import CSV').first().click()
    await dialog().getByLabel('CSV with a header line').fill('name,parentGateway\nPump 1,\nPump 2,No such gateway')
    await button('Preview').click()
    await dialog().getByText('1 row can be imported').waitFor()
    await dialog().getByText('The parent is not a gateway').waitFor()
    await button('Import 1 device').click()
    await dialog().getByText('1 device made').waitFor()
    await button('Done').click()
    await page.getByRole('link', { name: 'Pump 1' }).waitFor()
  })

  test('makes a LoRa child of a gateway, and says what is wrong beside the field', async () => {
    await button('New device').first().click()
    await page.getByLabel('Name', { exact: true }).fill('Soil 1')
    await page.getByText('More:').click()
    await page.getByLabel('LoRa DevEUI').fill('not an EUI')
    await page.getByLabel('Parent gateway').selectOption({ label: 'Gate A' })
    await button('Create').click()
    await dialog().getByText('A DevEUI is 16 hexadecimal digits.').waitFor()
    await page.getByLabel('LoRa DevEUI').fill('70B3D57ED0001111')
    await button('Create').click()
    await page.getByRole('heading', { name: 'Soil 1' }).waitFor()
    await page.getByRole('heading', { name: 'Check connectivity' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Parent gateway' }).waitFor()
    complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes('422')))
  })

  test('shows a reading, an attribute and a command as they happen', async () => {
    const { sensor } = fleet
    await page.goto(`/devices/${sensor.deviceId}`)
    await page.getByText('live', { exact: true }).waitFor()
    const readingAt = performance.now()
    await ask(page, 'POST', `/api/v1/${sensor.token}/telemetry`, { temperature: 31.7 })
    await page.locator('.value', { hasText: 'temperature' }).getByText('31.7').waitFor()
    console.log(`a reading stood on the page ${Math.round(performance.now() - readingAt)} ms after it was sent`)
    await page.getByRole('link', { name: 'Attributes' }).click()
    await page
      .getByRole('row', { name: /channel1/ })
      .getByText('Mismatch')
      .waitFor()
    await ask(page, 'POST', `/api/v1/${sensor.token}/attributes`, { channel1: 1 })
    await page
      .getByRole('row', { name: /channel1/ })
      .getByText('Confirmed')
      .waitFor()
    await button('Set mode').click()
    await page.getByLabel('Value').fill('manual')
    await button('Save').click()
    await page.getByRole('row', { name: /mode/ }).getByText('manual').waitFor()
    await button('Delete desired mode').click()
    await button('Undo').click()
    await page.getByRole('row', { name: /mode/ }).getByText('manual').waitFor()
    await page.getByRole('link', { name: 'Commands' }).click()
    await page.getByLabel('Method').fill('ping')
    await button('Send').click()
    await page.locator('.event', { hasText: 'ping' }).getByText('queued').waitFor()
    await page.locator('.event', { hasText: 'ping' }).click()
    await page.locator('.event[open]', { hasText: 'ping' }).getByRole('button', { name: 'Cancel it' }).click()
    await page.locator('.event', { hasText: 'ping' }).getByText('cancelled').waitFor()
  })

  test('turns amber with the reason when a message was refused, and lists it raw beside decoded', async () => {
    const { sensor } = fleet
    await page.goto(`/devices/${sensor.deviceId}`)
    await page.getByText('live', { exact: true }).waitFor()
    await button('Check connectivity').click()
    await dialog().getByText('Waiting for the first message').waitFor()
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{temperature:25}' }
    await fetch(`${server.url}/api/v1/${sensor.token}/telemetry`, post)
    await dialog().getByText('It arrived over HTTP, and was refused').waitFor()
    for (const way of ['MQTT', 'WebSocket']) {
      await page.getByRole('tab', { name: way }).click()
      await button('Send a test from here').click()
      await dialog().getByText(`Received over ${way}`).waitFor()
      await page.getByRole('tab', { name: new RegExp(`${way}.*received`) }).waitFor()
    }
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Events' }).click()
    await button('Rejected').click()
    await page.locator('.event', { hasText: 'not valid JSON' }).first().click()
    await page.getByText('7b 74 65 6d').waitFor()
    await page.getByText('{temperature:25}').waitFor()
  })

  test('saves a DevEUI in Check connectivity, and copies and shows the token', async () => {
    const { sensor } = fleet
    await page.goto(`/devices/${sensor.deviceId}`)
    await button('Check connectivity').click()
    await page.getByRole('tab', { name: 'LoRa / webhook' }).click()
    await page.getByLabel('LoRa DevEUI').fill('70b3d57ed0002222')
    await button('Save').click()
    await dialog().getByText('70B3D57ED0002222', { exact: false }).first().waitFor()
    await button('Show token').click()
    await dialog().getByText(sensor.token, { exact: true }).waitFor()
    await button('Copy token').click()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(sensor.token)
    await button('Show QR code').click()
    await dialog().getByRole('img', { name: 'QR code of token' }).waitFor()
    await page.keyboard.press('Escape')
  })

  test('makes a webhook secret once, approves an unknown device, and rotates', async () => {
    await page.goto('/settings')
    await button('Revoke…').click()
    await button('Revoke secret').click()
    await button('Generate secret').click()
    const secret = ((await dialog().locator('code').textContent()) ?? '').trim()
    expect(secret).toMatch(/^whs_/)
    await page.getByLabel('I saved it').check()
    await button('Done').click()
    const { tenantId } = await ask<{ tenantId: string }>(page, 'GET', '/api/tenant')
    await sendUnknown(server.url, tenantId, secret, '70b3d57ed0003333')
    await page.reload()
    await page.locator('.event', { hasText: '70b3d57ed0003333' }).or(page.locator('.event').first()).first().click()
    await button('Approve as device').click()
    await page.getByLabel('Name', { exact: true }).fill('Soil 7')
    await dialog().getByRole('button', { name: 'Approve' }).click()
    await page.getByText('Soil 7 is a device now; 1 readings stored').waitFor()
    await sendUnknown(server.url, tenantId, secret, '70b3d57ed0004444')
    await button('Rotate…').click()
    await button('Rotate secret').click()
    await page.getByLabel('I saved it').check()
    await button('Done').click()
    await button('Revoke it now').click()
    await expect.poll(() => button('Revoke it now').count()).toBe(0)
  })

  test('makes and revokes an API key, and invites a person who joins', async () => {
    await page.goto('/settings/keys')
    await button('New API key').click()
    await page.getByLabel('Name', { exact: true }).fill('Grafana')
    await button('Make key').click()
    await page.getByLabel('I saved it').check()
    await button('Done').click()
    await button('Revoke Grafana').click()
    await button('Revoke key').click()
    await page.getByText('Revoked', { exact: true }).waitFor()
    await page.goto('/settings/members')
    await button('Invite').click()
    await page.getByLabel('E-mail').fill('contractor@example.com')
    await button('Make invitation link').click()
    const link = ((await dialog().locator('code').textContent()) ?? '').trim()
    await page.getByLabel('I saved it').check()
    await button('Done').click()
    const guest = await visit(browser, server.url, { theme: 'light' })
    await guest.page.goto(link)
    await guest.page.getByLabel('Choose a password').fill('seven brown foxes jump')
    await guest.page.getByRole('button', { name: 'Join' }).click()
    await guest.page.getByRole('link', { name: 'Greenhouse 1' }).waitFor()
    expect(guest.complaints).toEqual([])
    await guest.context.close()
  })

  test('rotates a token and deletes a device, after asking', async () => {
    const { deviceId, token } = await ask<{ deviceId: string; token: string }>(page, 'POST', '/api/devices', {
      name: 'Old',
    })
    await page.goto(`/devices/${deviceId}/settings`)
    await button('Rotate token…').click()
    await dialog().getByRole('button', { name: 'Rotate token' }).click()
    await page.getByText('The device has a new token').waitFor()
    await button('Show token').click()
    expect(await page.getByText(token, { exact: true }).count()).toBe(0)
    await button('Delete device…').click()
    await dialog().getByRole('button', { name: 'Delete device' }).click()
    await page.getByText('Old was deleted').waitFor()
    await page.waitForURL(/\/devices$/)
  })

  test('works by keyboard alone', async () => {
    const focused = () => page.evaluate(() => document.activeElement?.textContent)
    await page.goto('/devices')
    await settled(page)
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to content')
    await page.keyboard.press('/')
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search')
    await page.keyboard.press('Escape')
    await page.evaluate(() => (document.activeElement as HTMLElement).blur())
    await page.keyboard.press('n')
    await dialog().waitFor()
    await page.keyboard.type('By keyboard')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'By keyboard' }).waitFor()
    await dialog().getByRole('tab', { name: 'HTTP' }).focus()
    await page.keyboard.press('ArrowRight')
    await dialog().getByRole('tab', { name: 'MQTT', selected: true }).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(focused).toBe('By keyboard')
    await button('Check connectivity').focus()
    await page.keyboard.press('Enter')
    await dialog().waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(focused).toContain('Check connectivity')
    await page.keyboard.press('g')
    await page.keyboard.press('s')
    await page.getByRole('heading', { name: 'Tenant Settings' }).waitFor()
  })

  test('has no complaint in its console on any of these', () => {
    expect(complaints).toEqual([])
  })

  // In one walk: loading a page takes longer than looking at it. Only contrast differs between the themes.
  test('is without a fault that axe finds in both themes, and fits a phone, on every page and dialog', async () => {
    const looking = await visit(browser, server.url, { theme: 'light' })
    await signInAsOwner(looking.page)
    const found: string[] = []
    for (const { name, path, act } of placesOf(fleet)) {
      const { page } = looking
      await page.goto(path)
      await settled(page)
      await act?.(page)
      await settled(page)
      found.push(...(await violationsOf(page)).map((fault) => `${name} ${fault}`))
      await page.emulateMedia({ colorScheme: 'dark' })
      found.push(...(await violationsOf(page, ['color-contrast'])).map((fault) => `${name}, dark, ${fault}`))
      await page.setViewportSize({ width: 390, height: 844 })
      // What watches its own size is drawn anew a frame later.
      const fits = () =>
        page.waitForFunction(() => document.documentElement.scrollWidth <= 390, null, { timeout: 5_000 })
      await fits().catch(() => found.push(`${name} is wider than a phone`))
      await page.setViewportSize({ width: 1280, height: 860 })
      await page.emulateMedia({ colorScheme: 'light' })
    }
    expect(found).toEqual([])
    expect(looking.complaints).toEqual([])
    await looking.context.close()
  }, 240_000)

  test('signs in with a key, without a socket, and out again; a wrong password says so', async () => {
    const { page, context } = await visit(browser, server.url, { theme: 'light' })
    await signInWithKey(page, server)
    await page.getByRole('link', { name: 'http' }).click()
    await page.getByText('live', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('E-mail').fill(owner.email)
    await page.getByLabel('Password', { exact: true }).fill('wrong wrong wrong')
    await page.keyboard.press('Enter')
    await page.getByText('The e-mail or the password is wrong.').waitFor()
    await context.close()
  })
})
