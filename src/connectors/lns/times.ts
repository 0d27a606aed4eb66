import { readTimestamp } from '../../domain/timestamp.ts'
import type { Uplink } from '../../domain/uplink.ts'

export type When = Pick<Uplink, 'ts' | 'correctedClock'>

/** Protobuf's times are of UTC; what a forwarder wrote anew may have lost its zone, or its T. */
const unzoned = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)\d*(Z|[+-]\d{2}:?\d{2})?$/i

function asUtc(time: unknown): unknown {
  const [, day, clock, zone = 'Z'] = (typeof time === 'string' && unzoned.exec(time.trim())) || []
  return day === undefined ? time : `${day}T${clock}${zone}`
}

/**
 * The first time that can be right, most trusted first. A simulated uplink says 0001-01-01, and a masked one nothing:
 * then the arrival time counts.
 */
export function firstTime(candidates: readonly unknown[], receivedAt: number): When {
  let wrong: string | undefined
  for (const candidate of candidates) {
    const time = readTimestamp(asUtc(candidate), receivedAt)
    if (time.kind === 'given') return { ts: time.ts }
    if (time.kind === 'corrected') wrong ??= time.sent
  }
  return wrong === undefined ? {} : { correctedClock: wrong }
}

const zoned = /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})$/i

/**
 * The time that a payload decoder gives, where it names one in full: a number that merely bears the name
 * (seconds since a reset) is none, nor is a local time.
 */
export function decodedTime(decoded: unknown): unknown {
  if (typeof decoded !== 'object' || decoded === null || !('time' in decoded)) return undefined
  const { time } = decoded
  if (typeof time === 'string') return zoned.test(time) ? time : undefined
  return typeof time === 'number' && time > 1e9 ? time : undefined
}
