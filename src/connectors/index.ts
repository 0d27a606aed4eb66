import { chirpstack } from './chirpstack.ts'
import type { Connector } from './connector.ts'
import { generic } from './generic.ts'
import { httpBatch } from './http-batch.ts'
import { httpCbor } from './http-cbor.ts'
import { httpJson } from './http-json.ts'
import { mqtt } from './mqtt.ts'
import { mqttGateway } from './mqtt-gateway.ts'
import { ttn } from './ttn.ts'
import { websocket } from './websocket.ts'

/** Every way in, one line each. */
export const connectors = [
  httpJson,
  httpCbor,
  httpBatch,
  websocket,
  mqtt,
  mqttGateway,
  generic,
  chirpstack,
  ttn,
] as const satisfies readonly Connector[]
