import { limits } from '../../domain/limits.ts'
import type { TelemetryStore } from '../../store/telemetry-store.ts'
import { pageReadings } from '../../store/tenant-history.ts'

/** Every reading of a device, shard by shard, oldest first; a page of them is held. `values` is JSON. */
export async function* allReadings(
  telemetry: TelemetryStore,
  deviceId: string,
): AsyncGenerator<{ readonly ts: number; readonly values: string }> {
  for (const db of telemetry.all) {
    let after = Number.MIN_SAFE_INTEGER
    for (;;) {
      const rows = await pageReadings(db, deviceId, after, limits.exportRows)
      yield* rows
      const last = rows.at(-1)
      if (!last || rows.length < limits.exportRows) break
      after = last.ts
    }
  }
}
