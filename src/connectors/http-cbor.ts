import { limits } from '../domain/limits.ts'
import { defineConnector } from './connector.ts'
import { readNative } from './native-document.ts'
import { nativeExamples } from './native-examples.ts'

export const httpCbor = defineConnector({
  id: 'http-cbor',
  title: 'HTTP, CBOR',
  summary: 'The same object as in JSON, as CBOR (RFC 8949): fewer bytes on the air.',
  door: {
    kind: 'http',
    method: 'POST',
    path: '/api/v1/{deviceToken}/telemetry',
  },
  speaker: 'device_token',
  contentTypes: ['application/cbor'],
  maxBytes: limits.bodyBytes,
  read: readNative,
  examples: nativeExamples,
})
