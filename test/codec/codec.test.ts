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
    ['81'.repeat(100).concat('01'), 'too_deep'],
  ])('refuses %s as %s', (bytes, reason) => {
    expect(faultOf(() => cbor?.decode(hex(bytes)))).toBe(reason)
  })

  const thirtiethOfFebruary = '74323032362d30322d33305430303a30303a30305a'
  it.each([
    ['1bffffffffffffffff', 'an integer beyond 2^53, which would lose digits'],
    ['1b0020000000000001', 'an integer beyond 2^53, which would lose digits'],
    ['c249010000000000000000', 'an integer beyond 2^53, which would lose digits'],
    ['42dead', 'a byte string'],
    ['c04700000000000000', 'a date that is none'],
    ['c06178', 'a date that is none'],
    [`c0${thirtiethOfFebruary}`, 'a date that is none'],
    ['d820617a', 'a tagged item that telemetry cannot'],
    ['a141de01', 'a map with a key that is no text'],
  ])('puts a symbol in the place of %s, and reads what stands beside it', (item, what) => {
    const read = cbor?.decode(hex(`a26161${item}616202`)) as Record<string, unknown>
    expect(read.b).toBe(2)
    expect((read.a as symbol).description).toBe(what)
  })

  it('reads the records that a plain encoder sends, and keeps none for the next message', () => {
    const sender = new RecordEncoder()
    for (let n = 0; n < 8; n++) {
      expect({ ...(cbor?.decode(sender.encode({ temperature: n, humidity: n })) as object) }).toEqual({
        temperature: n,
        humidity: n,
      })
    }
    expect(cbor?.decode(hex('d9e000820102'))).toBeTypeOf('symbol')
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
    const known = [undefined, 'cbor_truncated', 'cbor_syntax', 'cbor_trailing', 'too_deep']
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(known).toContain(faultOf(() => cbor?.decode(bytes)))
      }),
      { numRuns: 2_000 },
    )
  })
})
