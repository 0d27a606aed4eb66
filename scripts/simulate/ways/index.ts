import type { Way } from '../way.ts'
import { batch } from './batch.ts'
import { cbor } from './cbor.ts'
import { http } from './http.ts'
import { ws } from './ws.ts'

/** Every way in, one line each. */
export const ways: readonly Way[] = [http, batch, cbor, ws]
