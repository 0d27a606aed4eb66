import { limits } from '../domain/limits.ts'
import { defineConnector } from './connector.ts'
import { readNative } from './native-document.ts'
import { nativeExamples } from './native-examples.ts'

export const httpJson = defineConnector({
  id: 'http-json',
  title: 'HTTP, JSON',
  summary: 'One reading a request, as a JSON object. The answer comes after the reading is stored.',
  door: {
    kind: 'http',
    method: 'POST',
    path: '/api/v1/{deviceToken}/telemetry',
  },
  speaker: 'device_token',
  contentTypes: ['application/json'],
  maxBytes: limits.bodyBytes,
  read: readNative,
  examples: nativeExamples,
})
