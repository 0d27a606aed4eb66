import { limits } from '../../domain/limits.ts'
import { isObject } from '../native-document.ts'

/** Fields of a body that may lack any of them, or hold anything in their place. */
export type Fields = Readonly<Record<string, unknown>>

const none: Fields = {}

export function fields(value: unknown): Fields {
  return isObject(value) ? value : none
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

/** An id or a name: what is longer than any is cut. */
export function label(value: unknown): string | undefined {
  return text(value)?.slice(0, limits.nameLength)
}

/** Protobuf's JSON writes 64-bit numbers as text. */
export function number(value: unknown): number | undefined {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof read === 'number' && Number.isFinite(read) ? read : undefined
}

/** Both servers leave zeros out: what is absent is 0. */
export function orZero(value: unknown): number {
  return number(value) ?? 0
}
