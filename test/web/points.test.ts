import { describe, expect, it } from 'vitest'
import { addReading, dropBefore, toColumns } from '../../src/web/chart/points.ts'
import { formatRelative, formatValue } from '../../src/web/format.ts'
import { merge } from '../../src/web/pages/device/event-rows.ts'
import { decodeRaw } from '../../src/web/pages/device/raw.ts'

const keys = ['a', 'b']
const series = [
  { key: 'a', points: [[1_000, 1] as const, [3_000, 3] as const] },
  { key: 'b', points: [[3_000, true] as const] },
]

describe('points of a chart', () => {
  it('stand side by side, with gaps where a key has none', () => {
    expect(toColumns(series, keys)).toEqual([
      [1, 3],
      [1, 3],
      [null, 1],
    ])
  })

  it('take a reading at its place, and the same one once', () => {
    const columns = toColumns(series, keys)
    addReading(columns, keys, { ts: 2_000, values: { a: 2 } })
    addReading(columns, keys, { ts: 2_000, values: { a: 2, b: 7 } })
    addReading(columns, keys, { ts: 4_000, values: { b: 9, text: 'not drawn' } })
    expect(columns).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, null],
      [null, 7, 1, 9],
    ])
  })

  it('drop what left the window', () => {
    const columns = toColumns(series, keys)
    dropBefore(columns, 2)
    expect(columns).toEqual([[3], [3], [1]])
  })
})

describe('events', () => {
  it('stand the newest first, each once', () => {
    const row = (at: number, detail = 'x') => ({ kind: 'reading', at, detail })
    expect(merge([row(1), row(2)], [row(3), row(2, 'again')])).toEqual([row(3), row(2, 'again'), row(1)])
  })

  it('show bytes that are JSON as text and as values, others as hexadecimal', () => {
    expect(decodeRaw(btoa('{"a":1}'))).toEqual({ raw: '{"a":1}', text: '{\n  "a": 1\n}' })
    expect(decodeRaw(btoa('{a:1}'))).toEqual({ raw: '7b 61 3a 31 7d', text: '{a:1}' })
    expect(decodeRaw(btoa('\xff\x00')).raw).toBe('ff 00')
  })
})

describe('what people read', () => {
  it('is a time from now', () => {
    expect(formatRelative(1_000_000, 1_000_400)).toBe('now')
    expect(formatRelative(0, 3 * 3_600_000)).toMatch(/3/)
  })

  it('is a value as its kind is written', () => {
    expect([true, 'on', { a: 1 }, 0.1 + 0.2].map(formatValue)).toEqual(['on', 'on', '{"a":1}', '0.3'])
  })
})
