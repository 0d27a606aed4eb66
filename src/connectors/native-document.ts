import { AppError, toFault } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { emptyRecord, toValues } from '../domain/telemetry.ts'
import { readTimestamp } from '../domain/timestamp.ts'
import type { RejectedUplink, Uplink } from '../domain/uplink.ts'
import type { ReadMeta, ReadResult } from './connector.ts'

/**
 * The document that every native door takes, in any of its forms:
 *   {temperature: 24.5}                              flat, with ts or timestamp beside the values
 *   {telemetry: {temperature: 24.5}, ts}             enveloped
 *   {childDeviceId, telemetry: {…}, ts}              a gateway speaks for a child
 *   {ts, values: {temperature: 24.5}}                as ThingsBoard devices send it
 *   [ any of them, … ]                               up to 100
 */
export function readNative(value: unknown, meta: ReadMeta): ReadResult {
  if (Array.isArray(value)) return readItems(value, meta)
  if (!isBatch(value)) return { uplinks: [readDocument(value, 0, meta)], rejected: [] }
  const detail = 'This is a batch: send it to POST /api/v1/{deviceToken}/telemetry/batch, or its items as a bare array.'
  throw new AppError('validation_rejected', { reason: 'batch_misplaced', detail })
}

/** The body of the batch door, which would be stored as one key here. */
function isBatch(value: unknown): boolean {
  if (!isObject(value) || Object.keys(value).length !== 1) return false
  return Array.isArray(value.items) && value.items.some(isObject)
}

/** Each item on its own: one that breaks a rule takes no other down. */
export function readItems(items: readonly unknown[], meta: ReadMeta): ReadResult {
  checkItemCount(items.length)
  const uplinks: Uplink[] = []
  const rejected: RejectedUplink[] = []
  for (const [index, item] of items.entries()) {
    try {
      uplinks.push(readDocument(item, index, meta))
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      rejected.push({
        index,
        fault: toFault(error),
        raw: rawText(item),
      })
    }
  }
  return { uplinks, rejected }
}

export function checkItemCount(count: number): void {
  if (count === 0) {
    throw new AppError('validation_rejected', {
      reason: 'batch_empty',
      detail: 'The batch holds no item.',
    })
  }
  if (count > limits.batchItems) {
    const detail = `The batch holds ${count} items; at most ${limits.batchItems} are taken.`
    throw new AppError('validation_rejected', {
      reason: 'batch_too_long',
      detail,
    })
  }
}

function readDocument(value: unknown, index: number, meta: ReadMeta): Uplink {
  if (typeof value === 'symbol') {
    const detail = `The reading is ${value.description}.`
    throw new AppError('validation_rejected', { reason: 'unsupported_value', detail })
  }
  if (!isObject(value)) {
    throw new AppError('validation_rejected', {
      reason: 'not_an_object',
      detail: 'A reading is a JSON object.',
    })
  }
  const { childDeviceId, ts, timestamp, ...rest } = value
  const time = readTimestamp(ts ?? timestamp, meta.receivedAt)
  const child = readChild(childDeviceId)
  return {
    index,
    ...(child !== undefined && { childDeviceId: child }),
    ...(time.kind === 'given' && { ts: time.ts }),
    ...(time.kind === 'corrected' && { correctedClock: time.sent }),
    values: toValues(unwrap(rest, time.kind !== 'absent')),
  }
}

function readChild(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw new AppError('child_not_found', { detail: 'A childDeviceId is the id of a device, as text.' })
}

/** For the device's events; what is nested too deeply to be written as text is left out. */
export function rawText(value: unknown): string {
  try {
    const told = (_: string, item: unknown) => (typeof item === 'symbol' ? item.description : item)
    return JSON.stringify(value, told).slice(0, limits.eventRawBytes)
  } catch {
    return ''
  }
}

/** Values that stand beside an envelope are kept: nothing that a device sent in good faith is dropped. */
function unwrap(document: Record<string, unknown>, timed: boolean): Record<string, unknown> {
  const keys = Object.keys(document)
  if (timed && keys.length === 1 && isObject(document.values)) return document.values
  if (!isObject(document.telemetry)) return document
  const merged = emptyRecord<unknown>()
  for (const key of keys) if (key !== 'telemetry') merged[key] = document[key]
  for (const key of Object.keys(document.telemetry)) merged[key] = document.telemetry[key]
  return merged
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
