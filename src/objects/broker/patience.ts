import { sleep } from '../../domain/deadline.ts'
import { limits } from '../../domain/limits.ts'
import type { Inbound, Outcome } from '../../mqtt/connection/ports.ts'

/**
 * MQTT 3.1.1 has no word for "later": where a message is over a limit its acknowledgement is withheld, the message
 * tried again, and the connection ended only after `limits.mqttWithholdMs`. `isOver`: nobody waits for it.
 */
export async function withPatience(
  messages: readonly Inbound[],
  publish: (messages: readonly Inbound[]) => Promise<readonly Outcome[]>,
  isOver: () => boolean,
): Promise<readonly Outcome[]> {
  const outcomes = [...(await publish(messages))]
  for (let left = limits.mqttWithholdMs; left > 0 && !isOver(); ) {
    const places = outcomes.flatMap((outcome, place) => (pauseOf(outcome) === undefined ? [] : [place]))
    if (places.length === 0) break
    const pause = Math.min(left, Math.max(...places.map((place) => pauseOf(outcomes[place]) ?? 0)))
    left -= pause
    await sleep(pause)
    const again = await publish(places.flatMap((place) => messages[place] ?? []))
    for (const [i, place] of places.entries()) outcomes[place] = again[i] ?? outcomes[place] ?? 'done'
  }
  return outcomes
}

function pauseOf(outcome: Outcome | undefined): number | undefined {
  if (typeof outcome !== 'object' || !('passing' in outcome)) return undefined
  const { code, limit, retryAfter = limit?.retryAfter ?? 1 } = outcome.passing
  return code === 'quota_exceeded' ? Math.max(1, retryAfter) * 1000 : undefined
}
