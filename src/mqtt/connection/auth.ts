import { protocolError } from '../reason-codes.ts'

/** No CONNECT with an authentication method gets through. [MQTT-4.12.0-6] */
export function handleAuth(): never {
  throw protocolError('AUTH goes with an authentication method, and none is offered here.')
}
