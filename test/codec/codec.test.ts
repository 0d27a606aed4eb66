import { Encoder as RecordEncoder } from 'cbor-x'
import { Encoder } from 'cbor-x/index-no-eval'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codecFor } from '../../src/codec/codec-for.ts'
import { AppError } from '../../src/domain/errors.ts'

const json = codecFor('application/json; charset=utf-8')
const cbor = codecFor('APPLICATION/CBOR')
const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
const utf8 = (text: string) => new TextEncoder().encode(text)

function faultOf(decode: () => unknown): string | undefined {
  try {
    decode()
    return undefined
  } catch (error) {
    return error instanceof AppError ? error.reason : `another error: ${error}`
  }
}

describe('JSON', () => {
  it.each([
    ['{"a":}', 6],
    ['{"a":1,}', 8],
    ['[1 2]', 4],
    ['{"a":nan}', 6],
    ["{'a':1}", 2],
  ])('says where %s breaks', (text, character) => {
    expect(() => json?.decode(utf8(text))).toThrow(`character ${character} `)
  })

  it('refuses bytes that are no UTF-8', () => {
    expect(faultOf(() => json?.decode(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('json_encoding')
  })

  it('throws only its own faults, however the bytes lie', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map(utf8),
          fc.json().map((text) => utf8(text.slice(0, -1))),
        ),
        (bytes) => {
          expect([undefined, 'json_syntax', 'json_encoding']).toContain(faultOf(() => json?.decode(bytes)))
        },
      ),
    )
    expect(faultOf(() => json?.decode(utf8('['.repeat(200_000))))).toBe('json_syntax')
  })
})

describe('CBOR', () => {
  it.each([
    ['a16161f97e00', { a: Number.NaN }],
    ['a161611b0000018f00000000', { a: 0x018f00000000 }],
    ['a16161f93c00', { a: 1 }],
    ['bf616101ff', { a: 1 }],
    ['a1616182f5f4', { a: [true, false] }],
    ['a10102', { 1: 2 }],
    ['a16274731b17c3b1e1f9a0000f', { ts: Number(0x17c3b1e1f9a0000fn) }],
    ['a16161c11a514b67b0', { a: '2013-03-21T20:04:00.000Z' }],
  ])('reads %s', (bytes, value) => {
    expect(cbor?.decode(hex(bytes))).toEqual(Object.assign(Object.create(null), value))
  })

  it.each([
    ['', 'cbor_truncated'],
    ['a16161', 'cbor_truncated'],
    ['a1616101ff', 'cbor_trailing'],
    ['ff', 'cbor_syntax'],
    ['1c', 'cbor_syntax'],
    ['a161611bffffffffffffffff', 'unsupported_value'],
    ['a161611b0020000000000001', 'unsupported_value'],
    ['a16161c249010000000000000000', 'unsupported_value'],
    ['a1616142dead', 'unsupported_value'],
    ['c04700000000000000', 'unsupported_value'],
    ['a16161c06178', 'unsupported_value'],
    ['81'.repeat(100).concat('01'), 'too_deep'],
  ])('refuses %s as %s', (bytes, reason) => {
    expect(faultOf(() => cbor?.decode(hex(bytes)))).toBe(reason)
  })

  it('reads the records that a plain encoder sends, and keeps none for the next message', () => {
    const sender = new RecordEncoder()
    for (let n = 0; n < 8; n++) {
      expect({ ...(cbor?.decode(sender.encode({ temperature: n, humidity: n })) as object) }).toEqual({
        temperature: n,
        humidity: n,
      })
    }
    expect(faultOf(() => cbor?.decode(hex('d9e00082 0102'.replace(' ', ''))))).toBeDefined()
  })

  it('reads back what it wrote, and throws only its own faults', () => {
    const encoder = new Encoder({ useRecords: false })
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
          fc.oneof(
            fc.double({ noNaN: true }).filter((n) => !Object.is(n, -0)),
            fc.string(),
            fc.boolean(),
          ),
        ),
        (value) => {
          expect({ ...(cbor?.decode(encoder.encode(value)) as object) }).toEqual(value)
        },
      ),
    )
    const known = [undefined, 'cbor_truncated', 'cbor_syntax', 'cbor_trailing', 'unsupported_value', 'too_deep']
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(known).toContain(faultOf(() => cbor?.decode(bytes)))
      }),
      { numRuns: 2_000 },
    )
  })
})
