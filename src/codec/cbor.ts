import { addExtension, Decoder, type Extension } from 'cbor-x/index-no-eval'
import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { emptyRecord } from '../domain/telemetry.ts'
import { parseIso } from '../domain/timestamp.ts'
import type { Codec } from './codec.ts'

/** Dates as text: cbor-x alone would read 30 February as 2 March. What its types ask for besides is an encoder's. */
const dateText = {
  tag: 0,
  decode: (text) => new Date(typeof text === 'string' ? parseIso(text) : Number.NaN),
} as Extension<Date, unknown>
addExtension(dateText)

export const cborCodec: Codec = {
  contentTypes: ['application/cbor'],
  decode(bytes) {
    return toPlain(decodeItem(bytes), 0)
  },
}

/**
 * The default entry of cbor-x builds code at run time, which Workers refuse; this one does not. A new decoder
 * for each body (2 µs): cbor-x keeps the records that one message defines, and the next is another device's.
 */
function decodeItem(bytes: Uint8Array): unknown {
  if (bytes.length === 0) {
    throw new AppError('payload_malformed', {
      reason: 'cbor_truncated',
      detail: 'The body is empty.',
    })
  }
  try {
    return new Decoder({ useRecords: false, mapsAsObjects: false }).decode(bytes)
  } catch (cause) {
    throw describeFault(cause, bytes.length)
  }
}

function describeFault(cause: unknown, length: number): AppError {
  const message = cause instanceof Error ? cause.message : ''
  if (/^data read, but/i.test(message)) {
    const detail = 'More bytes follow the CBOR item.'
    return new AppError('payload_malformed', {
      reason: 'cbor_trailing',
      detail,
      cause,
    })
  }
  if (/end of|unexpected end|out of (bounds|range)|outside the bounds/i.test(message)) {
    const detail = `The CBOR item does not end within the ${length} bytes of the body.`
    return new AppError('payload_malformed', {
      reason: 'cbor_truncated',
      detail,
      cause,
    })
  }
  return new AppError('payload_malformed', {
    reason: 'cbor_syntax',
    detail: 'The body is not valid CBOR.',
    cause,
  })
}

/** Maps become objects without a prototype; what JSON cannot hold becomes a symbol that says what it is. */
function toPlain(value: unknown, depth: number): unknown {
  if (depth > limits.codecDepth) {
    throw new AppError('validation_rejected', {
      reason: 'too_deep',
      detail: 'The body is nested too deeply.',
    })
  }
  switch (typeof value) {
    case 'number':
    case 'string':
    case 'boolean':
      return value
    case 'bigint':
      return toSafeNumber(value)
    case 'undefined':
      return null
    case 'object':
      return value === null ? null : toPlainObject(value, depth)
    default:
      return Symbol('a kind of value that telemetry cannot')
  }
}

function toPlainObject(value: object, depth: number): unknown {
  if (value instanceof Map) return toRecord(value, depth)
  if (Array.isArray(value)) return value.map((item) => toPlain(item, depth + 1))
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? Symbol('a date that is none') : value.toISOString()
  if (value instanceof Uint8Array) return Symbol('a byte string')
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<number>, (item) => toPlain(item, depth + 1))
  }
  // A record (tag 105 or 57343), which plain `new Encoder()` of cbor-x sends, comes as an ordinary object.
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return toRecord(Object.entries(value), depth)
  return Symbol('a tagged item that telemetry cannot')
}

function toRecord(entries: Iterable<readonly [unknown, unknown]>, depth: number): Record<string, unknown> | symbol {
  const record = emptyRecord<unknown>()
  for (const [key, item] of entries) {
    if (typeof key !== 'string' && typeof key !== 'number') return Symbol('a map with a key that is no text')
    // Nanoseconds need 61 bits: a time may lose digits far below a millisecond, a value may not.
    const isTime = typeof item === 'bigint' && (key === 'ts' || key === 'timestamp')
    record[String(key)] = isTime ? Number(item) : toPlain(item, depth + 1)
  }
  return record
}

/** 64-bit integers come as BigInt, whatever their size; one that would lose digits is better refused than stored wrong. */
function toSafeNumber(value: bigint): number | symbol {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : Symbol('an integer beyond 2^53, which would lose digits')
}
