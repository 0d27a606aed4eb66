import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { Report } from '../domain/report.ts'
import { defineConnector, type WebhookMeta } from './connector.ts'
import { toAddress } from './lns/address.ts'
import { type Fields, fields } from './lns/fields.ts'
import { readSeveral } from './lns/several.ts'
import { isObject } from './native-document.ts'
import { readTtnTarget } from './ttn/downlink.ts'
import { ttnExamples } from './ttn/examples.ts'
import { dedupeIdOf, readMessage } from './ttn/messages.ts'
import { messageOf, unwrap } from './ttn/shape.ts'

export const ttn = defineConnector({
  id: 'ttn',
  title: 'The Things Stack v3',
  summary: 'Messages of a webhook of The Things Stack (The Things Network), as JSON; one URL for all types.',
  door: { kind: 'http', method: 'POST', path: '/api/v1/integrations/ttn/telemetry' },
  speaker: 'tenant_secret',
  contentTypes: ['application/json'],
  maxBytes: limits.bodyBytes,
  read: (value, meta) => readSeveral(value, meta, readOne),
  readTarget: readTtnTarget,
  examples: ttnExamples,
})

function readOne(value: unknown, meta: WebhookMeta): Report {
  if (!isObject(value)) {
    throw new AppError('validation_rejected', { reason: 'not_an_object', detail: 'A message is a JSON object.' })
  }
  const body = unwrap(value)
  const message = messageOf(body)
  if (!message) {
    const detail = 'This is no message of The Things Stack v3: it has none of the keys uplink_message, join_accept, ….'
    throw new AppError('validation_rejected', { reason: 'unknown_shape', detail })
  }
  const content = fields(body[message])
  const dedupeId = dedupeIdOf(message, content, body, meta)
  const said = readMessage[message](content, body, meta, dedupeId)
  const route = { server: 'ttn' as const, ...(meta.downlink && { target: meta.downlink }) }
  return { index: 0, address: addressOf(content, body, meta), dedupeId, route, ...said }
}

function addressOf(content: Fields, body: Fields, meta: WebhookMeta) {
  const { dev_eui, device_id, application_ids } = fields(body.end_device_ids)
  const { application_id } = fields(application_ids)
  const { model_id } = fields(content.version_ids)
  return toAddress(
    'ttn',
    { devEui: dev_eui, application: application_id, deviceId: device_id, profile: model_id },
    meta,
  )
}
