import type { AckPacket } from '../packets.ts'
import { isFailure, protocolError } from '../reason-codes.ts'
import type { Context } from './context.ts'

/** A QoS 1 message arrived, or was refused for good. One that nobody waits for is passed by. */
export function handlePuback({ outgoing }: Context, { packetId, reasonCode }: AckPacket): void {
  const isTaken = !isFailure(reasonCode)
  if (!outgoing.acknowledge(packetId, isTaken)) throw protocolError('PUBACK does not go with a QoS 2 message.')
}
