import type { Fields } from '../lns/fields.ts'

export const chirpstackEvents = ['up', 'join', 'ack', 'txack', 'log', 'status', 'location', 'integration'] as const
export type ChirpstackEvent = (typeof chirpstackEvents)[number]

/** Which fields tell an event, the surest first: several carry an fCnt or an id. */
const signs: readonly (readonly [ChirpstackEvent, readonly string[]])[] = [
  ['integration', ['integrationName']],
  ['ack', ['acknowledged']],
  ['txack', ['downlinkId']],
  ['log', ['level', 'code']],
  ['up', ['object', 'data', 'fPort', 'rxInfo', 'fCnt']],
  ['status', ['margin', 'batteryLevel', 'batteryLevelUnavailable', 'externalPowerSource']],
  ['location', ['location']],
  ['join', ['devAddr']],
  ['ack', ['queueItemId']],
]

/** The query says it (`?event=up`); where it says nothing that is known, the body's shape does. */
export function eventOf(named: string | undefined, body: Fields): ChirpstackEvent | undefined {
  const known = chirpstackEvents.find((event) => event === named?.toLowerCase())
  return known ?? signs.find(([, keys]) => keys.some((key) => key in body))?.[0]
}
