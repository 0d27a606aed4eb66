import { limits } from '../../domain/limits.ts'
import { onlyKeys } from '../../domain/live.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { readNewestFirst, type StoredReading } from '../../store/read-telemetry.ts'
import type { TelemetryStore } from '../../store/telemetry-store.ts'

export interface HistoryAsked {
  /** None: all. */
  readonly keys: readonly string[]
  readonly since?: number
  readonly limit: number
}

/** The newest readings that hold one of the keys, oldest first. Looks at a stated number of rows and bytes at most. */
export async function readHistory(
  store: TelemetryStore,
  device: DeviceIdentity,
  { keys, since = 0, limit }: HistoryAsked,
  now: number,
): Promise<StoredReading[]> {
  const asked = new Set(keys)
  const found: StoredReading[] = []
  const most = keys.length === 0 ? limit : limit * limits.readFactor
  let bytes = 0
  for await (const { ts, values, size } of readNewestFirst(store, device, since, now + limits.futureTsMs, most)) {
    const event = onlyKeys({ type: 'telemetry', ts, values: values }, asked)
    if (event?.type === 'telemetry') found.push({ ts, values: event.values })
    bytes += size
    if (found.length >= limit || bytes > limits.liveUnreadBytes / 2) break
  }
  return found.reverse()
}
