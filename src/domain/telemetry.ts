import { AppError } from './errors.ts'
import { limits } from './limits.ts'
import { isLongerThan } from './text.ts'

/** Arrays are kept as JSON; nested objects have become dotted keys; null is dropped. */
export type TelemetryValue = number | boolean | string | readonly unknown[]

/** A reading: all keys of one message. No prototype, so `__proto__` is ordinary data. */
export type TelemetryValues = Record<string, TelemetryValue>

export interface TimedValue {
  readonly value: TelemetryValue
  readonly ts: number
}

/** An object without a prototype: any text is a safe key. */
export function emptyRecord<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>
}

function reject(reason: 'key_empty' | 'key_too_long' | 'value_too_long' | 'too_many_keys', detail: string): never {
  throw new AppError('validation_rejected', { reason, detail })
}

function shorten(key: string): string {
  return key.length > 40 ? `${key.slice(0, 40)}…` : key
}

function checkArray(key: string, value: readonly unknown[], depth: number): void {
  if (depth > limits.codecDepth) tooDeep(key)
  for (const item of value) {
    if (typeof item === 'number' && !Number.isFinite(item)) notFinite(key)
    if (typeof item === 'bigint' || typeof item === 'function' || typeof item === 'symbol') unsupported(key, item)
    if (Array.isArray(item)) checkArray(key, item, depth + 1)
    else if (item !== null && typeof item === 'object') checkArray(key, Object.values(item), depth + 1)
  }
}

/** A codec puts a symbol in the place of what no reading can hold; its description says what that was. */
function unsupported(key: string, value: unknown): never {
  const what = typeof value === 'symbol' ? value.description : undefined
  throw new AppError('validation_rejected', {
    reason: 'unsupported_value',
    detail: `"${shorten(key)}" holds ${what ?? 'a kind of value that telemetry cannot'}.`,
  })
}

function tooDeep(key: string): never {
  throw new AppError('validation_rejected', {
    reason: 'too_deep',
    detail: `"${shorten(key)}" is nested deeper than ${limits.depth} levels.`,
  })
}

function notFinite(key: string): never {
  throw new AppError('validation_rejected', {
    reason: 'not_finite',
    detail: `"${shorten(key)}" is not a finite number.`,
  })
}

/**
 * A plain object as one reading: nested objects become dotted keys, null is dropped.
 * @throws AppError validation_rejected with the reason: empty_reading, key_empty, key_too_long,
 *   value_too_long, too_many_keys, too_deep, not_finite, unsupported_value.
 */
export function toValues(document: Readonly<Record<string, unknown>>): TelemetryValues {
  const values = emptyRecord<TelemetryValue>()
  let count = 0

  const add = (key: string, value: unknown, depth: number): void => {
    if (value === null || value === undefined) return
    if (typeof value === 'object' && !Array.isArray(value)) {
      if (depth >= limits.depth) tooDeep(key)
      for (const inner of Object.keys(value)) {
        add(`${key}.${inner}`, (value as Record<string, unknown>)[inner], depth + 1)
      }
      return
    }
    if (key === '') reject('key_empty', 'A key is empty.')
    if (key.length > limits.keyLength) {
      reject('key_too_long', `"${shorten(key)}" is longer than ${limits.keyLength} characters.`)
    }
    if (++count > limits.keysPerReading) {
      reject('too_many_keys', `A reading holds at most ${limits.keysPerReading} keys.`)
    }
    values[key] = toValue(key, value)
  }

  for (const key of Object.keys(document)) add(key, document[key], 1)
  if (count === 0) {
    throw new AppError('validation_rejected', {
      reason: 'empty_reading',
      detail: 'The reading holds no value.',
    })
  }
  return values
}

function toValue(key: string, value: unknown): TelemetryValue {
  switch (typeof value) {
    case 'number':
      if (!Number.isFinite(value)) notFinite(key)
      return value === 0 ? 0 : value
    case 'boolean':
      return value
    case 'string':
      if (isLongerThan(value, limits.valueBytes)) tooLong(key)
      return value
    default:
      if (!Array.isArray(value)) unsupported(key, value)
      checkArray(key, value, 1)
      if (isLongerThan(JSON.stringify(value), limits.valueBytes)) tooLong(key)
      return value
  }
}

function tooLong(key: string): never {
  reject('value_too_long', `The value of "${shorten(key)}" is longer than ${limits.valueBytes} bytes.`)
}
