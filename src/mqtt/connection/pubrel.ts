import type { AckPacket } from '../packets.ts'
import { reasons } from '../reason-codes.ts'
import type { Context } from './context.ts'

/** [MQTT-4.3.3-11]. The ids are free for new messages once it is saved that they are. */
export async function handlePubrel(context: Context, run: readonly AckPacket[]): Promise<void> {
  const { incoming } = context
  const known = run.map(({ packetId }) => incoming.release(packetId))
  if (known.includes(true)) await context.saveUnreleased()
  const acks = run.map(({ packetId }, i): AckPacket => {
    const reasonCode = known[i] ? reasons.success : reasons.packetIdNotFound
    return { type: 'pubcomp', packetId, reasonCode }
  })
  for (const [i, { packetId }] of acks.entries()) if (known[i]) incoming.finish(packetId)
  context.acknowledge(acks)
}
