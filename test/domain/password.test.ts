import { describe, expect, it } from 'vitest'
import { networkOf } from '../../src/domain/client-network.ts'
import { commonPasswords } from '../../src/domain/common-passwords.ts'
import { normalPassword, weaknessOf } from '../../src/domain/password.ts'
import { redact } from '../../src/services/audit/redact.ts'

describe('a password', () => {
  it.each([
    'short',
    'password123',
    'P@ssw0rd2026!',
    'qwertyuiop',
    'Welcome12345',
    'aaaaaaaaaaaaaaaa',
    'ada.lovelace1',
    'ada.lovelace@example.com',
    'x'.repeat(300),
  ])('is not %s', (password) => expect(weaknessOf(password, 'ada.lovelace@example.com')).toBeDefined())

  it.each(['violet-harbour-41', 'ein Schloss am See', 'пароль-на-ключ', 'Tr0ub4dor&3xyz', '🐎🔋📎✅🐎🔋📎🚀🌋🏔'])(
    'may be %s',
    (password) => expect(weaknessOf(password, 'ada@example.com')).toBeUndefined(),
  )

  it('is the same however a keyboard composes it', () => {
    expect(normalPassword('Schlüssel')).toBe(normalPassword('Schlüssel'.normalize('NFD')))
  })

  it('is looked up in a list in lower case', () => {
    for (const common of commonPasswords) expect(common).toBe(common.toLowerCase())
  })
})

describe('the network of an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2::5', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s is %s', (address, network) => expect(networkOf(address)).toBe(network))
})

describe('what the audit log keeps', () => {
  it('names no credential, however deep it stands', () => {
    const kept = redact({
      name: 'x',
      token: 'a',
      apiKey: 'b',
      passwordHash: 'c',
      nested: [{ wifi_password: 'd', clientSecret: 5, authorization: ['e'] }],
    })
    expect(JSON.parse(kept ?? '')).toEqual({
      name: 'x',
      token: '***',
      apiKey: '***',
      passwordHash: '***',
      nested: [{ wifi_password: '***', clientSecret: '***', authorization: '***' }],
    })
  })

  it('is bounded', () => {
    expect((redact({ text: 'x'.repeat(10_000) }) ?? '').length).toBeLessThan(4_200)
    expect(redact(undefined)).toBeNull()
  })
})
