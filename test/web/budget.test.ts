import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildWeb, importedBy, type WebBuild } from '../../scripts/build-web.ts'

const kib = 1024

describe('the budget of the web app, gzipped', () => {
  let built: WebBuild
  beforeAll(async () => {
    built = await buildWeb()
  })
  const sizeOf = (paths: readonly string[]) =>
    built.files
      .filter(({ path }) => paths.includes(path))
      .reduce((sum, { bytes }) => sum + gzipSync(bytes, { level: 9 }).length, 0) / kib

  it('loads sign-in and the device list in 40 KB of script', () => {
    const { script } = built.entry
    expect(sizeOf([script, ...importedBy(built.metafile, script)])).toBeLessThan(40)
  })

  it('has 8 KB of style', () => {
    expect(sizeOf([built.entry.style])).toBeLessThan(8)
  })

  it('has 90 KB of script on all pages together', () => {
    expect(sizeOf(built.files.map(({ path }) => path).filter((path) => path.endsWith('.js')))).toBeLessThan(90)
  })

  it('loads nothing from other hosts and holds no style or script in its page', () => {
    const page = new TextDecoder().decode(built.files.find(({ path }) => path === 'index.html')?.bytes)
    expect(page).not.toMatch(/https?:|<style|style=|<script>|onload=/)
  })
})
