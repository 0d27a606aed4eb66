import * as z from 'zod'
import { decodeText, parseJson } from '../codec/json.ts'
import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { emptyRecord } from '../domain/telemetry.ts'
import { isLongerThan } from '../domain/text.ts'
import type { ClientFrame, FrameId } from './frames.ts'

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const text = z.string('is text')
const childDeviceId = text.nullish()
// Values go through zod untouched: its own records leave `__proto__` out.
const record = z.custom<Fields>(isObject, 'is an object')

const schemas = {
  auth: z.object({ deviceToken: text }),
  client_attribute: z.object({
    key: text.nullish(),
    value: z.unknown().optional(),
    data: record.nullish(),
    childDeviceId,
  }),
  get_attributes: z.object({
    scope: text
      .toLowerCase()
      .pipe(z.enum(['shared', 'client'], 'is SHARED or CLIENT'))
      .nullish(),
    keys: z.union([z.array(z.string()), z.string().transform(splitKeys)], 'is a list of text').nullish(),
    childDeviceId,
  }),
  rpc_response: z.object({
    requestId: z.union([z.string().min(1), z.number().transform(String)], 'is the requestId of the request'),
    childDeviceId,
  }),
}

/**
 * A frame of a device: JSON as text, or the same as UTF-8 bytes.
 * @throws AppError payload_too_large, payload_malformed (json_syntax, json_encoding), validation_rejected
 *   (not_an_object, field_invalid). `members.id` is the frame's id where it could be read.
 */
export function parseFrame(message: string | ArrayBuffer): ClientFrame {
  checkSize(message, limits.frameBytes)
  const raw = typeof message === 'string' ? message : decodeText(new Uint8Array(message))
  const value = parseJson(raw)
  if (!isObject(value)) {
    throw new AppError('validation_rejected', { reason: 'not_an_object', detail: 'A frame is a JSON object.' })
  }
  const id = readId(value.id)
  return { ...readBody(value, raw, id), ...(id !== undefined && { id }) }
}

/** @throws AppError payload_too_large */
export function checkSize(message: string | ArrayBuffer, most: number): void {
  const isLarger = typeof message === 'string' ? isLongerThan(message, most) : message.byteLength > most
  if (isLarger) throw new AppError('payload_too_large', { detail: `A frame has at most ${most} bytes here.` })
}

function readBody(frame: Fields, raw: string, id: FrameId | undefined): ClientFrame {
  const { type } = frame
  switch (type) {
    case 'telemetry':
      return readTelemetry(frame, raw, id)
    case 'auth':
      return { type, ...check(type, frame, id) }
    case 'ping':
      return { type }
    case 'client_attribute': {
      const { key, value, data, childDeviceId } = check(type, frame, id)
      const changes = Object.assign(emptyRecord<unknown>(), data)
      if (typeof key === 'string') changes[key] = value
      const values = Object.values(changes)
      if (values.length === 0 || values.includes(undefined)) {
        throw invalid('A client_attribute frame holds a key and its value, or an object of them in "data".', id)
      }
      return { type, changes, ...withChild(childDeviceId) }
    }
    case 'get_attributes': {
      const { scope, keys, childDeviceId } = check(type, frame, id)
      return { type, scope: scope ?? 'shared', ...(keys && { keys }), ...withChild(childDeviceId) }
    }
    case 'rpc_response': {
      const { requestId, childDeviceId } = check(type, frame, id)
      return { type, requestId, body: answerOf(frame), ...withChild(childDeviceId) }
    }
    default:
      throw invalid(unknownType(type), id)
  }
}

/** By hand: nearly every frame is one of these. */
function readTelemetry({ data, ts }: Fields, raw: string, id: FrameId | undefined): ClientFrame {
  if (typeof data !== 'object' || data === null) {
    throw invalid('The "data" of a telemetry frame is an object with the values, or an array of such.', id)
  }
  return { type: 'telemetry', data, ...(ts !== undefined && { ts }), raw }
}

/** Beyond 2^53 two numbers would be read as one, and the second frame taken for a repeat of the first. */
function readId(id: unknown): FrameId | undefined {
  if (id === undefined || id === null) return undefined
  if (typeof id === 'string' && id !== '' && id.length <= limits.frameIdLength) return id
  if (typeof id === 'number' && Math.abs(id) <= Number.MAX_SAFE_INTEGER) return id
  throw invalid(`An "id" is text of 1 to ${limits.frameIdLength} characters, or a number up to 2^53.`)
}

function check<Type extends keyof typeof schemas>(type: Type, frame: Fields, id: FrameId | undefined) {
  const { data, error } = schemas[type].safeParse(frame)
  if (error) {
    const [issue] = error.issues
    throw invalid(`The "${String(issue?.path[0])}" of a frame "${type}" ${issue?.message}.`, id)
  }
  return data as z.output<(typeof schemas)[Type]>
}

/** The answer stands in the frame itself, or alone in an envelope. */
function answerOf(frame: Fields): unknown {
  const { type: _, requestId: __, childDeviceId: ___, id: ____, ...body } = frame
  const [key, ...others] = Object.keys(body)
  const isEnvelope = others.length === 0 && (key === 'result' || key === 'data' || key === 'response')
  return isEnvelope && isObject(body[key]) ? body[key] : body
}

function splitKeys(keys: string): string[] {
  return keys
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '')
}

function withChild(childDeviceId: string | null | undefined): { childDeviceId?: string } {
  return typeof childDeviceId === 'string' ? { childDeviceId } : {}
}

function unknownType(type: unknown): string {
  const known = 'auth, telemetry, client_attribute, get_attributes, rpc_response and ping are taken'
  return typeof type === 'string'
    ? `"${type.slice(0, 40)}" is no type of frame; ${known}.`
    : `A frame's "type" is text; ${known}.`
}

function invalid(detail: string, id?: FrameId): AppError {
  return new AppError('validation_rejected', {
    reason: 'field_invalid',
    detail,
    ...(id !== undefined && { members: { id } }),
  })
}
