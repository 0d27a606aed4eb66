import type { AckPacket } from '../packets.ts'
import { isFailure, protocolError, reasons } from '../reason-codes.ts'
import type { Context } from './context.ts'

const misplaced = () => protocolError('PUBREC does not go with a QoS 1 message.')

/** [MQTT-4.3.3-4] */
export function handlePubrec(context: Context, { packetId, reasonCode }: AckPacket): void {
  const { outgoing } = context
  if (isFailure(reasonCode)) {
    if (!outgoing.complete(packetId)) throw misplaced()
    return
  }
  const found = outgoing.receive(packetId)
  if (found === 'misplaced') throw misplaced()
  const code = found === 'unknown' ? reasons.packetIdNotFound : reasons.success
  context.send({ type: 'pubrel', packetId, reasonCode: code })
}
