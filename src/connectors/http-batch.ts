import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { defineConnector } from './connector.ts'
import { isObject, readItems } from './native-document.ts'

export const httpBatch = defineConnector({
  id: 'http-batch',
  title: 'HTTP, batch',
  summary: `Up to ${limits.batchItems} readings a request, each with its own ts, as JSON or CBOR. Answered per item.`,
  door: {
    kind: 'http',
    method: 'POST',
    path: '/api/v1/{deviceToken}/telemetry/batch',
  },
  speaker: 'device_token',
  contentTypes: ['application/json', 'application/cbor'],
  maxBytes: limits.batchBytes,
  read(value, meta) {
    const items = isObject(value) ? value.items : value
    if (!Array.isArray(items)) {
      const detail = 'A batch is {"items":[{"telemetry":{…},"ts":…}]}.'
      throw new AppError('validation_rejected', {
        reason: 'not_an_object',
        detail,
      })
    }
    return readItems(items, meta)
  },
  examples: [
    {
      title: 'Two readings with their times',
      body: {
        items: [
          {
            telemetry: { temperature: 24.5, humidity: 61 },
            ts: 1_712_486_400_000,
          },
          {
            telemetry: { temperature: 24.6, humidity: 60 },
            ts: 1_712_486_401_000,
          },
        ],
      },
      uplinks: [
        {
          index: 0,
          ts: 1_712_486_400_000,
          values: { temperature: 24.5, humidity: 61 },
        },
        {
          index: 1,
          ts: 1_712_486_401_000,
          values: { temperature: 24.6, humidity: 60 },
        },
      ],
    },
    {
      title: 'A gateway sends for two children',
      body: {
        items: [
          {
            childDeviceId: '3f2b8c1e-0a4d-4f6b-9c7e-5d1a2b3c4d5e',
            telemetry: { temperature: 4 },
          },
          {
            childDeviceId: '7a9c0d2f-1b5e-4a8c-8d3f-6e2b3c4d5f60',
            telemetry: { temperature: 5 },
          },
        ],
      },
      uplinks: [
        {
          index: 0,
          childDeviceId: '3f2b8c1e-0a4d-4f6b-9c7e-5d1a2b3c4d5e',
          values: { temperature: 4 },
        },
        {
          index: 1,
          childDeviceId: '7a9c0d2f-1b5e-4a8c-8d3f-6e2b3c4d5f60',
          values: { temperature: 5 },
        },
      ],
    },
  ],
})
