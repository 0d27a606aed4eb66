import * as z from 'zod'
import { AppError } from '../../domain/errors.ts'

export const deviceSorts = ['name', '-name', 'lastSeen', '-lastSeen'] as const
export type DeviceSort = (typeof deviceSorts)[number]

/** Where a page ended: the last device's name or last-seen time, and its id. */
export interface Place {
  readonly key: string | number
  readonly id: string
}

const nameCursor = z.tuple([z.enum(['name', '-name']), z.string(), z.string()])
const seenCursor = z.tuple([z.enum(['lastSeen', '-lastSeen']), z.number(), z.string()])
const cursorSchema = z.union([nameCursor, seenCursor])

export function isByName(sort: DeviceSort): boolean {
  return sort === 'name' || sort === '-name'
}

export function writeCursor(sort: DeviceSort, { key, id }: Place): string {
  return Buffer.from(JSON.stringify([sort, key, id])).toString('base64url')
}

/** @throws AppError validation_rejected where it is no cursor of a list with this sort */
export function readCursor(cursor: string, sort: DeviceSort): Place {
  const { data } = cursorSchema.safeParse(decode(cursor))
  if (data?.[0] === sort) return { key: data[1], id: data[2] }
  const detail = 'The cursor is not one that a list with this sort answered.'
  const errors = [{ pointer: 'cursor', code: 'invalid', detail }]
  throw new AppError('validation_rejected', { reason: 'field_invalid', detail, errors })
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}
