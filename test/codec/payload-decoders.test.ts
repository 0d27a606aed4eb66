import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCayenneLpp } from '../../src/codec/cayenne-lpp.ts'
import { runDecoder } from '../../src/domain/decoder/run-decoder.ts'
import { type FieldSpec, type FieldsSpec, fieldTypes } from '../../src/domain/decoder/spec.ts'
import { limits } from '../../src/domain/limits.ts'

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const plain = (values: object | undefined) => values && { ...values }

describe('CayenneLPP', () => {
  it.each([
    ['03670110056700ff', { temperature_3: 27.2, temperature_5: 25.5 }],
    [
      '0167ffd7067104d2fb2e0000',
      { temperature_1: -4.1, 'accelerometer_6.x': 1.234, 'accelerometer_6.y': -1.234, 'accelerometer_6.z': 0 },
    ],
    ['018806765ff2960a0003e8', { 'gps_1.latitude': 42.3519, 'gps_1.longitude': -87.9094, 'gps_1.altitude': 10 }],
    ['0068640173277e0102ff9c', { relative_humidity_0: 50, barometric_pressure_1: 1011, analog_in_1: -1 }],
  ])('reads %s', (hex, values) => {
    expect(plain(decodeCayenneLpp(bytes(hex)))).toEqual(values)
  })

  it.each(['', '03', '0367', '036701', '0399aabb', '0167011001670111', '0168ff', '0173ffff'])(
    'does not misread "%s"',
    (hex) => {
      expect(decodeCayenneLpp(bytes(hex))).toBeUndefined()
    },
  )

  it('does not take text or counters for itself', () => {
    expect(decodeCayenneLpp(new TextEncoder().encode('Temperature = 0.0'))).toBeUndefined()
    expect(decodeCayenneLpp(bytes('aa'))).toBeUndefined()
    expect(decodeCayenneLpp(bytes('202c'))).toBeUndefined()
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (random) => void decodeCayenneLpp(random)))
  })
})

const fields = (...all: FieldSpec[]): FieldsSpec => ({ kind: 'fields', fields: all })
const decode = (spec: FieldsSpec, hex: string, fPort = 1) => plain(runDecoder(spec, bytes(hex), fPort))

describe('a declarative decoder', () => {
  it('reads every type, in both orders', () => {
    const of = (type: FieldSpec['type'], more: Partial<FieldSpec> = {}) =>
      fields({ name: 'v', offset: 0, type, ...more })
    expect(decode(of('uint8'), 'ff')).toEqual({ v: 255 })
    expect(decode(of('int8'), 'ff')).toEqual({ v: -1 })
    expect(decode(of('uint16'), '0102')).toEqual({ v: 258 })
    expect(decode(of('uint16', { endian: 'little' }), '0102')).toEqual({ v: 513 })
    expect(decode(of('int16'), 'fffe')).toEqual({ v: -2 })
    expect(decode(of('int24', { endian: 'little' }), 'feffff')).toEqual({ v: -2 })
    expect(decode(of('uint32'), 'ffffffff')).toEqual({ v: 4_294_967_295 })
    expect(decode(of('int32'), 'ffffffff')).toEqual({ v: -1 })
    expect(decode(of('int64'), 'ffffffffffffff00')).toEqual({ v: -256 })
    expect(decode(of('float32'), '41ac0000')).toEqual({ v: 21.5 })
    expect(decode(of('float64', { endian: 'little' }), '0000000000803540')).toEqual({ v: 21.5 })
    expect(decode(of('hex'), '00ff')).toEqual({ v: '00ff' })
    expect(decode(of('text', { length: 2 }), '6f6b21')).toEqual({ v: 'ok' })
    expect(decode(of('bool'), '00')).toEqual({ v: false })
  })

  it('reads bits, scales and shifts, and leaves no dust behind the point', () => {
    const spec = fields(
      { name: 'temperature', offset: 0, type: 'int16', scale: 0.1, unit: '°C' },
      { name: 'battery', offset: 2, type: 'uint8', bits: { from: 0, count: 4 }, scale: 0.1, add: 2.5 },
      { name: 'signed', offset: 2, type: 'int8', bits: { from: 4, count: 4 } },
      { name: 'door', offset: -1, type: 'bool', bits: { from: 7, count: 1 } },
    )
    expect(decode(spec, '00f1f980')).toEqual({ temperature: 24.1, battery: 3.4, signed: -1, door: true })
  })

  it('asks for the port', () => {
    const spec = fields(
      { name: 'a', offset: 0, type: 'uint8', fPort: 1 },
      { name: 'b', offset: 0, type: 'uint8', fPort: [2, 3] },
    )
    expect(decode(spec, '07', 1)).toEqual({ a: 7 })
    expect(decode(spec, '07', 3)).toEqual({ b: 7 })
    expect(decode(spec, '07', 9)).toBeUndefined()
    expect(plain(runDecoder(spec, bytes('07'), undefined))).toBeUndefined()
  })

  it('decodes nothing of a payload that is too short, unless the field may be missing', () => {
    const at = (optional: boolean) =>
      fields({ name: 'a', offset: 0, type: 'uint8' }, { name: 'b', offset: 1, type: 'uint16', optional })
    expect(decode(at(false), '0102')).toBeUndefined()
    expect(decode(at(true), '0102')).toEqual({ a: 1 })
  })

  it('ends within its bound', () => {
    const field = { name: 'a', offset: 0, type: 'hex' } as const
    const hostile = fields(...Array.from({ length: limits.decoderFields }, () => field))
    expect(runDecoder(hostile, new Uint8Array(200_000), 1)).toBeUndefined()
  })

  it('never throws, whatever the spec and the bytes', () => {
    const field = fc.record<FieldSpec>({
      name: fc.string({ minLength: 1, maxLength: 8 }),
      offset: fc.integer({ min: -300, max: 300 }),
      type: fc.constantFrom(...fieldTypes),
      bits: fc.option(fc.record({ from: fc.integer({ min: 0, max: 63 }), count: fc.integer({ min: 1, max: 64 }) }), {
        nil: undefined,
      }),
      scale: fc.option(fc.double({ noNaN: true }), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), fc.uint8Array({ maxLength: 300 }), (all, random) => {
        const values = runDecoder(fields(...all), random, 1) ?? {}
        for (const value of Object.values(values))
          if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true)
      }),
    )
  })
})
