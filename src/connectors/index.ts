import type { Connector } from './connector.ts'
import { httpBatch } from './http-batch.ts'
import { httpCbor } from './http-cbor.ts'
import { httpJson } from './http-json.ts'
import { websocket } from './websocket.ts'

/** Every way in, one line each. */
export const connectors = [httpJson, httpCbor, httpBatch, websocket] as const satisfies readonly Connector[]
