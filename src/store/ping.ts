import type { Registry } from './registry.ts'
import type { TelemetryStore } from './telemetry-store.ts'

/** Reads one row of a table that the migrations made. */
export async function pingRegistry(registry: Registry): Promise<void> {
  await registry.$client.prepare('SELECT id FROM plans LIMIT 1').first()
}

export async function pingTelemetry(telemetry: TelemetryStore): Promise<void> {
  await Promise.all(telemetry.all.map((db) => db.prepare('SELECT device_id FROM device_state LIMIT 1').first()))
}
