import type { AckPacket } from '../packets.ts'
import { protocolError } from '../reason-codes.ts'
import type { Context } from './context.ts'

export function handlePubcomp({ outgoing }: Context, { packetId }: AckPacket): void {
  if (!outgoing.complete(packetId)) throw protocolError('PUBCOMP does not go with a QoS 1 message.')
}
