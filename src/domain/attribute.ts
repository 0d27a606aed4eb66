import { AppError } from './errors.ts'
import { limits } from './limits.ts'
import { isLongerThan } from './text.ts'

/** What an attribute may hold: any JSON value of at most `limits.valueBytes` as text, besides null. */
export type AttributeValue = string | number | boolean | readonly unknown[] | { readonly [key: string]: unknown }

/** client: confirmed by the device; shared: desired, told to the device; server: seen by apps only. */
export const attributeScopes = ['client', 'shared', 'server'] as const
export type AttributeScope = (typeof attributeScopes)[number]

export interface Attribute {
  readonly scope: AttributeScope
  readonly key: string
  readonly value: AttributeValue
  /** Epoch ms. */
  readonly updatedAt: number
}

/** Key and value; null deletes the key. Pairs cross an RPC boundary with any key, `__proto__` too. */
export type AttributeChanges = readonly (readonly [key: string, value: AttributeValue | null])[]

/** @throws AppError validation_rejected: not_an_object, field_invalid, key_empty, key_too_long, too_many_keys, not_finite, value_too_long */
export function readAttributeChanges(value: unknown): AttributeChanges {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('validation_rejected', {
      reason: 'not_an_object',
      detail: 'Attributes are a JSON object of keys and values.',
    })
  }
  const entries = Object.entries(value)
  if (entries.length === 0) {
    throw new AppError('validation_rejected', { reason: 'field_invalid', detail: 'No attribute is given.' })
  }
  if (entries.length > limits.attributesPerMessage) {
    const detail = `At most ${limits.attributesPerMessage} attributes are taken at once.`
    throw new AppError('validation_rejected', { reason: 'too_many_keys', detail })
  }
  return entries.map(([key, item]) => [key, readValue(key, item)] as const)
}

function readValue(key: string, value: unknown): AttributeValue | null {
  if (key === '') throw new AppError('validation_rejected', { reason: 'key_empty', detail: 'A key is empty.' })
  if (key.length > limits.keyLength) {
    const detail = `A key is longer than ${limits.keyLength} characters.`
    throw new AppError('validation_rejected', { reason: 'key_too_long', detail })
  }
  if (value === null || value === undefined) return null
  const text = asJson(key, value)
  if (isLongerThan(text, limits.valueBytes)) {
    const detail = `The value of "${key}" is longer than ${limits.valueBytes} bytes.`
    throw new AppError('validation_rejected', { reason: 'value_too_long', detail })
  }
  return JSON.parse(text) as AttributeValue // a plain copy: codecs make objects without a prototype
}

function isInfinite(value: unknown): boolean {
  return typeof value === 'number' && !Number.isFinite(value)
}

function notFinite(key: string): never {
  throw new AppError('validation_rejected', { reason: 'not_finite', detail: `"${key}" is not a finite number.` })
}

function asJson(key: string, value: unknown): string {
  try {
    const text = JSON.stringify(value, (_, part: unknown) => (isInfinite(part) ? notFinite(key) : part))
    if (text !== undefined) return text
  } catch (error) {
    if (error instanceof AppError) throw error
    // Falls through: a big integer, or nested beyond what can be written.
  }
  const detail = `"${key}" holds a kind of value that an attribute cannot.`
  throw new AppError('validation_rejected', { reason: 'unsupported_value', detail })
}
