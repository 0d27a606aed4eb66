import type { ClientPacket } from '../packets.ts'
import { protocolError } from '../reason-codes.ts'
import { handleAuth } from './auth.ts'
import type { Client } from './client.ts'
import type { Context } from './context.ts'
import { handleDisconnect } from './disconnect.ts'
import { handlePingreq } from './pingreq.ts'
import { handlePuback } from './puback.ts'
import { handlePubcomp } from './pubcomp.ts'
import { handlePublish } from './publish.ts'
import { handlePubrec } from './pubrec.ts'
import { handlePubrel } from './pubrel.ts'
import { handleSubscribe } from './subscribe.ts'
import { handleUnsubscribe } from './unsubscribe.ts'

/** What needs no other object. False: this packet does. */
export function handleAtOnce(context: Context, packet: ClientPacket): boolean {
  switch (packet.type) {
    case 'pingreq':
      handlePingreq(context)
      return true
    case 'puback':
      handlePuback(context, packet)
      return true
    case 'pubrec':
      handlePubrec(context, packet)
      return true
    case 'pubcomp':
      handlePubcomp(context, packet)
      return true
    default:
      return false
  }
}

/** One packet of a client whose CONNECT was accepted. */
export async function handle(context: Context, client: Client, packet: ClientPacket): Promise<void> {
  switch (packet.type) {
    case 'connect':
      // [MQTT-3.1.0-2]
      throw protocolError('A second CONNECT.')
    case 'publish':
      return handlePublish(context, client, [packet])
    case 'pubrel':
      return handlePubrel(context, [packet])
    case 'subscribe':
      return handleSubscribe(context, client, packet)
    case 'unsubscribe':
      return handleUnsubscribe(context, client, packet)
    case 'disconnect':
      return handleDisconnect(context, client, packet)
    case 'auth':
      return handleAuth()
    default:
      handleAtOnce(context, packet)
  }
}
