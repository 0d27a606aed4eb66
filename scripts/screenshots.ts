// npm run screenshots: every page, light, dark and on a phone, into screenshots/, to be looked at.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Look,
  makeFleet,
  openBrowser,
  owner,
  placesOf,
  settled,
  signInAsOwner,
  visit,
} from '../test/e2e/browser.ts'
import { startDemoServer } from '../test/e2e/server.ts'
import { root } from './wrangler.ts'

const looks: readonly (Look & { readonly name: string })[] = [
  { name: 'light', theme: 'light' },
  { name: 'dark', theme: 'dark' },
  { name: 'phone', theme: 'light', isPhone: true },
]
const folder = join(root, 'screenshots')

const [server, browser] = await Promise.all([startDemoServer(), openBrowser()])
try {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const first = await visit(browser, server.url, { theme: 'light' })
  await first.page.goto('/setup')
  await first.page.getByLabel('E-mail').fill(owner.email)
  await first.page.screenshot({ path: join(folder, 'setup.png') })
  await first.page.getByLabel('Password', { exact: true }).fill(owner.password)
  await first.page.keyboard.press('Enter')
  await first.page.getByRole('heading', { name: 'Devices' }).waitFor()
  const places = placesOf(await makeFleet(first.page))
  await first.context.close()
  for (const { name: look, ...rest } of looks) {
    const { page, context } = await visit(browser, server.url, rest)
    await page.goto('/')
    await settled(page)
    await page.screenshot({ path: join(folder, `sign-in-${look}.png`) })
    await signInAsOwner(page)
    for (const { name, path, act } of places) {
      await page.goto(path)
      await settled(page)
      await act?.(page)
      await settled(page)
      await page.screenshot({ path: join(folder, `${name}-${look}.png`) })
    }
    await context.close()
  }
  console.log(`${places.length + 1} pages in ${looks.length} looks: ${folder}`)
} finally {
  await browser.close()
  await server.stop()
}
