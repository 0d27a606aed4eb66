import { AppError, toFault } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceAddress, Report } from '../domain/report.ts'
import { defineConnector, type WebhookMeta } from './connector.ts'
import { genericExamples } from './generic-examples.ts'
import { checkItemCount, isObject, rawText, readNative } from './native-document.ts'

export const generic = defineConnector({
  id: 'generic',
  title: 'Generic webhook',
  summary: 'Readings of any of the tenant’s devices, named by deviceToken or externalDeviceId, as JSON or CBOR.',
  door: { kind: 'http', method: 'POST', path: '/api/v1/integrations/generic/telemetry' },
  speaker: 'tenant_secret',
  contentTypes: ['application/json', 'application/cbor'],
  maxBytes: limits.batchBytes,
  read,
  examples: genericExamples,
})

function read(value: unknown, meta: WebhookMeta): readonly Report[] {
  if (!Array.isArray(value)) return [readOne(value, 0, meta)]
  checkItemCount(value.length)
  return value.map((item, index) => ({ ...readOne(item, index, meta), item }))
}

/** `deviceToken`, `externalDeviceId` and `tenantId` say whose it is; the rest is what any device sends. */
function readOne(value: unknown, index: number, meta: WebhookMeta): Report {
  const base = { index, events: [], isHeard: false }
  if (!isObject(value)) {
    const fault = toFault(
      new AppError('validation_rejected', { reason: 'not_an_object', detail: 'A reading is an object.' }),
    )
    return { ...base, address: {}, uplinks: [], rejected: [{ index, fault, raw: rawText(value) }] }
  }
  const { deviceToken, externalDeviceId, tenantId: _, ...document } = lift(value)
  const address = toAddress(deviceToken, externalDeviceId)
  try {
    const read = readNative(document, meta)
    if ('ignored' in read) return { ...base, address, uplinks: [], rejected: [], ignored: read.ignored }
    return { ...base, address, uplinks: read.uplinks.map((uplink) => ({ ...uplink, index })), rejected: [] }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { ...base, address, uplinks: [], rejected: [{ index, fault: toFault(error), raw: rawText(document) }] }
  }
}

const reserved = ['deviceToken', 'externalDeviceId', 'tenantId', 'childDeviceId', 'ts', 'timestamp'] as const

/** Under `telemetry` the reserved keys are no values either: there they count where none stands beside it. */
function lift(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (!isObject(body.telemetry)) return { ...body }
  const values = Object.entries(body.telemetry)
  const isReserved = ([key]: readonly [string, unknown]) => reserved.some((name) => name === key)
  const telemetry = Object.fromEntries(values.filter((entry) => !isReserved(entry)))
  return { ...Object.fromEntries(values.filter(isReserved)), ...body, telemetry }
}

function toAddress(deviceToken: unknown, externalDeviceId: unknown): DeviceAddress {
  if (typeof deviceToken === 'string' && deviceToken.trim() !== '') return { deviceToken: deviceToken.trim() }
  const isNumber = typeof externalDeviceId === 'number'
  const externalId = isNumber ? String(externalDeviceId) : externalDeviceId
  if (typeof externalId !== 'string' || externalId.trim() === '') return {}
  return { externalId: externalId.trim(), alias: `generic:${externalId.trim()}`, name: externalId.trim() }
}
