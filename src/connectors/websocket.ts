import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { defineConnector, type ReadMeta, type ReadResult } from './connector.ts'
import { isObject, readNative } from './native-document.ts'
import { nativeExamples } from './native-examples.ts'

export const websocket = defineConnector({
  id: 'websocket',
  title: 'WebSocket, JSON',
  summary: 'Readings, attributes and commands over one open socket. The ack comes after the reading is stored.',
  door: {
    kind: 'websocket',
    path: '/api/v1/{deviceToken}/ws',
    message: '{"type":"telemetry","data":{…}}',
  },
  speaker: 'device_token',
  contentTypes: ['application/json'],
  maxBytes: limits.frameBytes,
  read: readFrame,
  examples: [
    ...nativeExamples.map(({ title, body, uplinks }) => ({ title, body: { type: 'telemetry', data: body }, uplinks })),
    {
      title: 'A time for what has none of its own, and a mark that makes it safe to repeat',
      body: {
        type: 'telemetry',
        ts: 1_712_486_400_000,
        id: 'a1',
        data: [{ temperature: 24.5 }, { ts: 1_712_486_460_000, temperature: 24.6 }],
      },
      uplinks: [
        { index: 0, ts: 1_712_486_400_000, values: { temperature: 24.5 } },
        { index: 1, ts: 1_712_486_460_000, values: { temperature: 24.6 } },
      ],
    },
  ],
})

function readFrame(frame: unknown, meta: ReadMeta): ReadResult {
  if (!isObject(frame)) {
    throw new AppError('validation_rejected', { reason: 'not_an_object', detail: 'A frame is a JSON object.' })
  }
  const { data, ts } = frame
  if (ts === undefined || ts === null) return readNative(data, meta)
  const timed = (document: unknown) => withTime(document, ts)
  return readNative(Array.isArray(data) ? data.map(timed) : timed(data), meta)
}

function withTime(document: unknown, ts: unknown): unknown {
  return isObject(document) && (document.ts ?? document.timestamp) == null ? { ...document, ts } : document
}
