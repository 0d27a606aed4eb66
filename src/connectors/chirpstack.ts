import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { Report } from '../domain/report.ts'
import { dedupeIdOf, readEvent } from './chirpstack/events.ts'
import { chirpstackExamples } from './chirpstack/examples.ts'
import { eventOf } from './chirpstack/shape.ts'
import { fromVersion3 } from './chirpstack/version-3.ts'
import { defineConnector, type WebhookMeta } from './connector.ts'
import { toAddress } from './lns/address.ts'
import { fields } from './lns/fields.ts'
import { readSeveral } from './lns/several.ts'
import { isObject } from './native-document.ts'

export const chirpstack = defineConnector({
  id: 'chirpstack',
  title: 'ChirpStack v4',
  summary: 'Events of a ChirpStack HTTP integration, as JSON. Devices are found by their DevEUI.',
  door: { kind: 'http', method: 'POST', path: '/api/v1/integrations/chirpstack/telemetry' },
  speaker: 'tenant_secret',
  contentTypes: ['application/json'],
  maxBytes: limits.bodyBytes,
  read: (value, meta) => readSeveral(value, meta, readOne),
  examples: chirpstackExamples,
})

function readOne(value: unknown, meta: WebhookMeta): Report {
  if (!isObject(value)) {
    throw new AppError('validation_rejected', { reason: 'not_an_object', detail: 'An event is a JSON object.' })
  }
  const body = fromVersion3(value)
  const event = eventOf(meta.query.event, body)
  if (!event) {
    const detail = 'This is no event of ChirpStack v4: neither ?event= nor its fields name one that is known.'
    throw new AppError('validation_rejected', { reason: 'unknown_shape', detail })
  }
  const dedupeId = dedupeIdOf(event, body, meta)
  const address = addressOf(body, meta)
  const route = address.devEui && { server: 'chirpstack' as const, devEui: address.devEui }
  return { index: 0, address, dedupeId, ...(route && { route }), ...readEvent[event](body, meta, dedupeId) }
}

function addressOf(body: Readonly<Record<string, unknown>>, meta: WebhookMeta) {
  const { devEui, deviceName, applicationId, deviceProfileName } = fields(body.deviceInfo)
  const named = {
    devEui,
    application: applicationId,
    deviceId: deviceName,
    name: deviceName,
    profile: deviceProfileName,
  }
  return toAddress('chirpstack', named, meta)
}
