import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketCount, bucketOf, intervalFor, mergeParts, type Part, partValue } from '../../src/domain/time-series.ts'

const anyTime = fc.integer({ min: 0, max: 8.64e15 })

describe('buckets', () => {
  it('begin at multiples of the interval from the epoch', () => {
    expect(bucketOf(1_795_523_377_207, 60_000)).toBe(1_795_523_340_000)
    expect(bucketOf(1_795_523_340_000, 60_000)).toBe(1_795_523_340_000)
    expect(bucketCount(59_999, 60_000, 60_000)).toBe(2)
  })

  it('are never more than asked for where the interval is chosen, and no range takes long', () => {
    fc.assert(
      fc.property(anyTime, anyTime, fc.integer({ min: 1, max: 10_000 }), (a, b, most) => {
        const [from, to] = a < b ? [a, b] : [b, a]
        const interval = intervalFor(from, to, most)
        expect(Number.isSafeInteger(interval)).toBe(true)
        expect(bucketCount(from, to, interval)).toBeLessThanOrEqual(most)
      }),
    )
    const began = performance.now()
    intervalFor(4e7 * 86_400_000, 8e7 * 86_400_000, 1)
    expect(performance.now() - began).toBeLessThan(50)
  })

  it('are of a usual length', () => {
    const now = 1_795_523_377_207
    expect(intervalFor(now - 3_600_000, now, 100)).toBe(60_000)
    expect(intervalFor(now - 30 * 86_400_000, now, 1_000)).toBe(3_600_000)
    expect(intervalFor(now - 3_650 * 86_400_000, now, 100)).toBe(37 * 86_400_000)
  })
})

describe('parts of a bucket', () => {
  const edge = (ts: number, value: unknown) => String(ts).padStart(16, '0') + JSON.stringify(value)
  const part = (fields: Partial<Part>): Part => ({ n: 1, number: 0, edge: '', ...fields })
  const merged = (a: Partial<Part>, b: Partial<Part>, aggregation: Parameters<typeof mergeParts>[2]) =>
    partValue(mergeParts(part(a), part(b), aggregation), aggregation)

  it('merge as one bucket would have been', () => {
    expect(merged({ n: 3, number: 9 }, { n: 1, number: 1 }, 'avg')).toBe(2.5)
    expect(merged({ number: 9 }, { number: -1 }, 'sum')).toBe(8)
    expect(merged({ number: 9 }, { number: -1 }, 'min')).toBe(-1)
    expect(merged({ number: -9 }, { number: -1 }, 'max')).toBe(-1)
    expect(merged({ n: 3 }, { n: 4 }, 'count')).toBe(7)
    expect(merged({ edge: edge(999, 'a') }, { edge: edge(1_000, [1]) }, 'first')).toBe('a')
    expect(merged({ edge: edge(999, 'a') }, { edge: edge(1_000, [1]) }, 'last')).toEqual([1])
  })

  it('whose sum no double holds have no value', () => {
    expect(merged({ number: 1e308 }, { number: 1e308 }, 'sum')).toBeNull()
    expect(merged({ number: Number.POSITIVE_INFINITY }, { number: 1 }, 'avg')).toBeNull()
  })
})
