import { fromBase64 } from '../../codec/base64.ts'
import { AppError, toFault } from '../../domain/errors.ts'
import type { EventKind, NewDeviceEvent } from '../../domain/events.ts'
import type { Report } from '../../domain/report.ts'
import { emptyRecord, type TelemetryValues } from '../../domain/telemetry.ts'
import type { WebhookMeta } from '../connector.ts'
import { isObject } from '../native-document.ts'
import { number, orZero, text } from './fields.ts'
import { type Radio, radioValues } from './radio.ts'
import { decodedTime, firstTime, type When } from './times.ts'
import { keepValues } from './values.ts'

/** What both servers say of an uplink, each in its own words. */
export interface LnsUplink {
  readonly decoded: unknown
  readonly payload: unknown
  /** The server itself cannot read it. */
  readonly isEncrypted?: boolean
  readonly fPort: number | undefined
  /** Times by which it may be stored, most trusted first, besides what the decoder gives. */
  readonly times: readonly unknown[]
  readonly radio: Radio
  /** What else is known, where no decoded value has that name. */
  readonly besides?: TelemetryValues
}

/** What a report says besides whose it is. */
export type Said = Omit<Report, 'index' | 'address' | 'dedupeId'>

const nothing: Said = { uplinks: [], rejected: [], events: [], isHeard: false }

export function passedOver(ignored: string, isHeard = false): Said {
  return { ...nothing, ignored, isHeard }
}

export function happened(events: readonly NewDeviceEvent[], isHeard: boolean): Said {
  return { ...nothing, events, isHeard }
}

/** An uplink: what the server decoded, else its bytes, else a sign of life. */
export function toUplinkSaid(uplink: LnsUplink, meta: WebhookMeta): Said {
  const { decoded, radio, fPort, besides } = uplink
  const base = { index: 0, ...firstTime([decodedTime(decoded), ...uplink.times], meta.receivedAt) }
  const facts = meta.settings.radioFacts ? { ...radioValues(radio), ...besides } : {}
  const isDecoded = decoded !== undefined && decoded !== null
  const kept = isDecoded ? keepValues(decoded, 0) : { values: undefined, rejected: [] }
  if (kept.values || kept.rejected.length > 0) {
    const uplinks = kept.values ? [{ ...base, values: merge(facts, kept.values) }] : []
    return { ...nothing, uplinks, rejected: kept.rejected, isHeard: true }
  }
  const sent = text(uplink.payload)
  if (sent === undefined || fPort === 0) return passedOver('An uplink without a payload: the device is there.', true)
  if (uplink.isEncrypted) return { ...nothing, rejected: [stillEncrypted(sent)], isHeard: true }
  const bytes = fromBase64(sent)
  if (!bytes) return { ...nothing, rejected: [notBase64(sent)], isHeard: true }
  return { ...nothing, payload: { bytes, fPort, uplink: base, radio: merge(facts), isDecoded }, isHeard: true }
}

function stillEncrypted(raw: string) {
  const detail =
    'The payload is still encrypted: its key is at the join server, and the network server was not given it (joinServerContext).'
  return { index: 0, fault: toFault(new AppError('payload_malformed', { reason: 'payload_encrypted', detail })), raw }
}

function notBase64(raw: string) {
  const detail = 'The payload is not base64.'
  return { index: 0, fault: toFault(new AppError('payload_malformed', { reason: 'payload_encoding', detail })), raw }
}

/** Values that are no uplink's: a status, a place. */
export function toValuesSaid(document: unknown, when: When, isHeard: boolean): Said {
  const { values, rejected } = keepValues(document, 0)
  if (!values && rejected.length === 0) return passedOver('It holds no value.', isHeard)
  return { ...nothing, uplinks: values ? [{ index: 0, ...when, values }] : [], rejected, isHeard }
}

export function merge(...all: readonly Readonly<TelemetryValues>[]): TelemetryValues {
  return Object.assign(emptyRecord<TelemetryValues[string]>(), ...all)
}

export const noPlace = 'It names no place.'

/** Latitude and longitude of 0 are left out by both servers; a height need not be known. Undefined: there is no place. */
export function placeOf(location: unknown): Record<string, number> | undefined {
  if (!isObject(location)) return undefined
  const [altitude, accuracy] = [number(location.altitude), number(location.accuracy)]
  return {
    latitude: orZero(location.latitude),
    longitude: orZero(location.longitude),
    ...(altitude !== undefined && { altitude }),
    ...(accuracy !== undefined && { accuracy }),
  }
}

export interface Happening {
  readonly kind: EventKind
  readonly connector: string
  readonly reason?: string
  readonly detail: string
  /** The same again is the same happening. */
  readonly mark: string
}

export function toEvent(happening: Happening, times: readonly unknown[], meta: WebhookMeta): NewDeviceEvent {
  const detail = happening.detail.slice(0, 1_000)
  return { ...happening, detail, at: firstTime(times, meta.receivedAt).ts ?? meta.receivedAt }
}
