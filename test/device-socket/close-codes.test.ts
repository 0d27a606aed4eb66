import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { closeCodes } from '../../src/device-socket/close-codes.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/device-websocket.md'), 'utf8')

describe('the close codes', () => {
  it('fit a close frame', () => {
    for (const { code, reason } of Object.values(closeCodes)) {
      expect(new TextEncoder().encode(reason).length).toBeLessThanOrEqual(123)
      expect([1009, 1011, 1013].includes(code) || (code >= 4000 && code < 5000)).toBe(true)
    }
  })

  it('stand in docs/device-websocket.md as they are', () => {
    for (const { code, when, advice } of Object.values(closeCodes))
      expect(page).toContain(`| ${code} | ${when} | ${advice} |`)
  })
})
