import { expect, it } from 'vitest'
import { canSeal, seal, unseal } from '../../src/services/downlinks/seal.ts'

const secret = 'a secret of the operators, long enough'

it('opens for whom it was sealed, under the same secret, and for nobody else', async () => {
  const sealed = await seal(secret, 'tenant a', 'NNSXS.the-key')
  expect(sealed).not.toContain('the-key')
  expect(await unseal(secret, 'tenant a', sealed)).toBe('NNSXS.the-key')
  expect(await unseal(secret, 'tenant b', sealed)).toBeUndefined()
  expect(await unseal(`${secret}!`, 'tenant a', sealed)).toBeUndefined()
  for (const spoilt of [`${sealed.slice(0, -4)}AAA=`, sealed.slice(3), 'v1.', 'v1.AAAA', '']) {
    expect(await unseal(secret, 'tenant a', spoilt)).toBeUndefined()
  }
})

it('seals the same key alike, another one and another owner’s not', async () => {
  const sealed = await seal(secret, 'a', 'key')
  expect(await seal(secret, 'a', 'key')).toBe(sealed)
  const others = await Promise.all([
    seal(secret, 'a', 'key2'),
    seal(secret, 'b', 'key'),
    seal(`${secret}2`, 'a', 'key'),
  ])
  const ivs = [sealed, ...others].map((text) => text.slice(3, 19))
  expect(new Set(ivs).size).toBe(4)
})

it('takes no short secret for one', () => {
  expect([undefined, '', 'x'.repeat(31), 'x'.repeat(32)].map(canSeal)).toEqual([false, false, false, true])
})
