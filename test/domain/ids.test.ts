import { describe, expect, it } from 'vitest'
import { parseDevEui, parseDeviceId, parseDeviceToken } from '../../src/domain/ids.ts'

describe('ids', () => {
  it.each(['70B3D57ED0001234', '70-b3-d5-7e-d0-00-12-34', '70:B3:D5:7E:D0:00:12:34', ' 70 b3 d5 7e d0 00 12 34 '])(
    'a DevEUI is taken as %s',
    (text) => {
      expect(parseDevEui(text)).toBe('70b3d57ed0001234')
    },
  )

  it.each(['', '70b3d57ed000123', '70b3d57ed00012345', 'g0b3d57ed0001234', '0x70b3d57ed0001234'])(
    '%j is no DevEUI',
    (text) => {
      expect(parseDevEui(text)).toBeUndefined()
    },
  )

  it('device ids are UUIDs in any case; tokens are URL-safe text', () => {
    expect(parseDeviceId('3F2B8C1E-0A4D-4F6B-9C7E-5D1A2B3C4D5E')).toBe('3f2b8c1e-0a4d-4f6b-9c7e-5d1a2b3c4d5e')
    expect(parseDeviceId('1')).toBeUndefined()
    expect(parseDeviceToken('a_token-1')).toBe('a_token-1')
    for (const text of ['short', 'with space', 'a/b/c/d/e/f', 'x'.repeat(129), '\0\0\0\0\0\0\0\0']) {
      expect(parseDeviceToken(text)).toBeUndefined()
    }
  })
})
