import { limits } from '../domain/limits.ts'
import { defineConnector } from './connector.ts'
import { readNative } from './native-document.ts'
import { nativeExamples } from './native-examples.ts'

export const mqtt = defineConnector({
  id: 'mqtt',
  title: 'MQTT over WebSocket',
  summary:
    'MQTT 3.1.1 and 5.0, sub-protocol "mqtt". The user name is the device token. A PUBACK comes after the reading is stored.',
  door: {
    kind: 'mqtt',
    path: '/mqtt',
    topics: ['devices/{deviceToken}/telemetry', 'v1/devices/{deviceToken}/telemetry', 'v1/devices/me/telemetry'],
  },
  speaker: 'device_token',
  // In MQTT 5 a message may say what it is; JSON where it does not.
  contentTypes: ['application/json', 'application/cbor'],
  maxBytes: limits.mqttPacketBytes,
  read: readNative,
  examples: nativeExamples,
})
