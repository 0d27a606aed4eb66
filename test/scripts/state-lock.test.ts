import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { lockState } from '../../scripts/state-lock.ts'

const dir = mkdtempSync(join(tmpdir(), 'autoconnecto-lock-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('lets one server have a folder, and the next when it is done or gone', () => {
  const unlock = lockState(dir)
  expect(() => lockState(dir)).toThrow(/STATE_DIR/)
  unlock()
  lockState(dir)()
  writeFileSync(join(dir, 'server.pid'), '999999999') // of a machine that was switched off
  lockState(dir)()
})
