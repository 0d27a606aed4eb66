import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/domain/errors.ts'
import { limits } from '../../src/domain/limits.ts'
import { toValues } from '../../src/domain/telemetry.ts'

const reasonOf = (document: Record<string, unknown>): string | undefined => {
  try {
    toValues(document)
    return undefined
  } catch (error) {
    return error instanceof AppError ? error.reason : 'another error'
  }
}

describe('a reading’s values', () => {
  it('flatten nested objects into dotted keys, keep arrays, drop null', () => {
    const values = toValues({ a: 1, gps: { lat: 1.5, inner: { x: true } }, list: [1, { y: 2 }], nothing: null })
    expect({ ...values }).toEqual({ a: 1, 'gps.lat': 1.5, 'gps.inner.x': true, list: [1, { y: 2 }] })
  })

  it('hold exactly what the limits allow', () => {
    expect(reasonOf({ ['k'.repeat(limits.keyLength)]: 'v'.repeat(limits.valueBytes) })).toBeUndefined()
    expect(reasonOf({ ['k'.repeat(limits.keyLength + 1)]: 1 })).toBe('key_too_long')
    expect(reasonOf({ k: 'v'.repeat(limits.valueBytes + 1) })).toBe('value_too_long')
    expect(reasonOf({ k: '€'.repeat(limits.valueBytes / 3 + 1) })).toBe('value_too_long')
    const keys = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i]))
    expect(reasonOf(keys(limits.keysPerReading))).toBeUndefined()
    expect(reasonOf(keys(limits.keysPerReading + 1))).toBe('too_many_keys')
    expect(reasonOf({ a: { b: { c: { d: { e: 1 } } } } })).toBeUndefined()
    expect(reasonOf({ a: { b: { c: { d: { e: { f: 1 } } } } } })).toBe('too_deep')
  })

  it('take no number that JSON cannot hold, nor functions and the like', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) expect(reasonOf({ a: value })).toBe('not_finite')
    expect(reasonOf({ a: () => 1 })).toBe('unsupported_value')
    expect(reasonOf({})).toBe('empty_reading')
  })

  it('never throw anything but a catalogued reason, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.anything({ maxDepth: 8, withBigInt: true, withDate: true, withMap: true })),
        (document) => {
          expect(reasonOf(document)).not.toBe('another error')
        },
      ),
      { numRuns: 500 },
    )
  })

  it('survive JSON unchanged', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 2 })), (document) => {
        if (reasonOf(document) !== undefined) return
        const values = toValues(document)
        expect(JSON.stringify(JSON.parse(JSON.stringify(values)))).toBe(JSON.stringify(values))
      }),
    )
  })
})
