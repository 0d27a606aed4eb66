import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { defineConnector, type ReadMeta, type ReadResult } from './connector.ts'
import { isObject, readItems } from './native-document.ts'

const child = '3f2b8c1e-0a4d-4f6b-9c7e-5d1a2b3c4d5e'

export const mqttGateway = defineConnector({
  id: 'mqtt-gateway',
  title: 'MQTT gateway, as ThingsBoard gateways speak',
  summary: 'A gateway sends readings of its children, each under the name or id of a child that exists.',
  door: { kind: 'mqtt', path: '/mqtt', topics: ['v1/gateway/telemetry'] },
  speaker: 'device_token',
  contentTypes: ['application/json', 'application/cbor'],
  maxBytes: limits.mqttPacketBytes,
  read: readGateway,
  examples: [
    {
      title: 'Readings of a child, with the time of each',
      body: {
        [child]: [
          { ts: 1_712_486_400_000, values: { temperature: 24.5 } },
          { ts: 1_712_486_460_000, values: { temperature: 24.6 } },
        ],
      },
      uplinks: [
        { index: 0, childDeviceId: child, ts: 1_712_486_400_000, values: { temperature: 24.5 } },
        { index: 1, childDeviceId: child, ts: 1_712_486_460_000, values: { temperature: 24.6 } },
      ],
    },
    {
      title: 'Values only',
      body: { [child]: [{ temperature: 24.7 }] },
      uplinks: [{ index: 0, childDeviceId: child, values: { temperature: 24.7 } }],
    },
  ],
})

/** `{child: [reading, …], …}`; one reading may stand without its array. */
function readGateway(document: unknown, meta: ReadMeta): ReadResult {
  if (!isObject(document)) {
    const detail = 'A JSON object of children and their readings was expected.'
    throw new AppError('validation_rejected', { reason: 'not_an_object', detail })
  }
  const items = Object.entries(document).flatMap(([childDeviceId, readings]) =>
    [readings].flat().map((reading) => forChild(childDeviceId, reading)),
  )
  return readItems(items, meta)
}

/** What is no object is rejected as the item it is. */
function forChild(childDeviceId: string, reading: unknown): unknown {
  if (!isObject(reading)) return reading
  const { ts, values, ...rest } = reading
  const isTimed = ts !== undefined && isObject(values) && Object.keys(rest).length === 0
  return isTimed ? { childDeviceId, ts, telemetry: values } : { ...reading, childDeviceId }
}
