import type { Way } from '../way.ts'
import { batch } from './batch.ts'
import { cbor } from './cbor.ts'
import { http } from './http.ts'
import { mqtt } from './mqtt.ts'
import { chirpstack, generic, ttn } from './webhooks.ts'
import { ws } from './ws.ts'

/** Every way in, one line each. */
export const ways: readonly Way[] = [http, batch, cbor, ws, mqtt, generic, chirpstack, ttn]
