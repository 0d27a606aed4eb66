import { isOver, type Message, type Will } from './message.ts'
import type { Session } from './session-table.ts'

/** A delayed will goes with a session that ends, and not if the client is back in time. [MQTT-3.1.3-9] */
export function willOnReopening(old: Session, goesOn: boolean, now: number): Message | undefined {
  const isDue = !goesOn || (old.connection === null ? isOver(old.willAt, now) : delayOf(old.will) === 0)
  return isDue ? old.will?.message : undefined
}

/** Milliseconds. */
export const delayOf = (will: Will | null) => (will?.delaySeconds ?? 0) * 1000
