import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import { readTimestamp } from '../../src/domain/timestamp.ts'

const now = Date.UTC(2026, 10, 25)

describe('a sender’s time', () => {
  it.each([
    ['ms', 1_712_486_400_123, 1_712_486_400_123],
    ['s', 1_712_486_400, 1_712_486_400_000],
    ['s with a fraction', 1_712_486_400.5, 1_712_486_400_500],
    ['µs', 1_712_486_400_123_456, 1_712_486_400_123],
    ['ns', 1_712_486_400_123 * 1e6, 1_712_486_400_123],
    ['ns that no double holds', Number('1795526405946000000'), 1_795_526_405_946],
    ['text of a number', '1712486400123', 1_712_486_400_123],
    ['ISO 8601', '2024-04-07T10:40:00.123Z', 1_712_486_400_123],
    ['ISO 8601 with nine digits', '2024-04-07T10:40:00.123456789Z', 1_712_486_400_123],
    ['ISO 8601 with an offset', '2024-04-07T16:10:00.123+05:30', 1_712_486_400_123],
    ['a little ahead', now + 1_000, now + 1_000],
  ])('is taken as %s', (_, sent, ts) => {
    expect(readTimestamp(sent, now)).toEqual({ kind: 'given', ts })
  })

  it.each([
    0,
    5,
    -1,
    Number.NaN,
    1e30,
    now + limits.futureTsMs + 1,
    'yesterday',
    'sensor 5',
    '0x1A20B0C0D0E',
    '',
    {},
    [],
    true,
    '1999-12-31T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-04-31T23:59:59.999+05:30',
    '2026-10-32T00:00:00Z',
    '2026-10-01T24:30:00Z',
  ])('that cannot be right is corrected: %j', (sent) => {
    expect(readTimestamp(sent, now).kind).toBe('corrected')
  })

  it('may be absent', () => {
    expect(readTimestamp(undefined, now)).toEqual({ kind: 'absent' })
    expect(readTimestamp(null, now)).toEqual({ kind: 'absent' })
  })

  it('means the same instant in every unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: limits.earliestTs / 1_000, max: now / 1_000 }), (seconds) => {
        for (const factor of [1, 1e3, 1e6]) {
          expect(readTimestamp(seconds * factor, now)).toEqual({ kind: 'given', ts: seconds * 1_000 })
        }
      }),
    )
  })

  it('that no calendar has is never moved to another day', () => {
    const part = (min: number, max: number, digits: number) =>
      fc.integer({ min, max }).map((n) => String(n).padStart(digits, '0'))
    fc.assert(
      fc.property(part(2001, 2025, 4), part(0, 14, 2), part(0, 33, 2), part(0, 23, 2), (year, month, day, hour) => {
        const time = readTimestamp(`${year}-${month}-${day}T${hour}:00:00Z`, now)
        const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
        const exists = Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= days
        expect(time.kind).toBe(exists ? 'given' : 'corrected')
        if (time.kind === 'given') expect(new Date(time.ts).toISOString()).toContain(`${year}-${month}-${day}T${hour}`)
      }),
      { numRuns: 1_000 },
    )
  })

  it('never throws and is never implausible, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), (sent) => {
        const time = readTimestamp(sent, now)
        if (time.kind === 'given') {
          expect(time.ts).toBeGreaterThanOrEqual(limits.earliestTs)
          expect(time.ts).toBeLessThanOrEqual(now + limits.futureTsMs)
        }
      }),
    )
  })
})
