import type { DisconnectPacket } from '../packets.ts'
import { protocolError, reasons } from '../reason-codes.ts'
import type { Client } from './client.ts'
import type { Context } from './context.ts'

/** [MQTT-3.14.4-3]. The socket closes when the session is left, so that the client's next connection finds it so. */
export async function handleDisconnect(context: Context, client: Client, packet: DisconnectPacket): Promise<void> {
  const { reasonCode, sessionExpiryInterval } = packet
  // [MQTT-3.1.2-23]
  if (sessionExpiryInterval && client.expirySeconds === 0) {
    throw protocolError('A session that ends with its connection is not prolonged by DISCONNECT.')
  }
  const expiry = sessionExpiryInterval === undefined ? {} : { expirySeconds: sessionExpiryInterval }
  await context.leave({ withWill: reasonCode !== reasons.success, why: 'The client disconnected.', ...expiry })
  context.shut()
}
