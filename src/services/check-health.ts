import { AppError } from '../domain/errors.ts'
import { isMigrationMissing } from '../store/d1-faults.ts'
import { pingRegistry, pingTelemetry } from '../store/ping.ts'
import type { World } from './context.ts'
import { migrationHint } from './to-app-error.ts'

export type PartHealth = 'ok' | 'unavailable'

/** Both databases answer one small query. */
export async function checkHealth({
  world,
}: {
  readonly world: World
}): Promise<{ registry: PartHealth; telemetry: PartHealth }> {
  const [registry, telemetry] = await Promise.allSettled([pingRegistry(world.registry), pingTelemetry(world.telemetry)])
  return { registry: toHealth(registry), telemetry: toHealth(telemetry) }
}

function toHealth(result: PromiseSettledResult<void>): PartHealth {
  if (result.status === 'fulfilled') return 'ok'
  if (isMigrationMissing(result.reason))
    throw new AppError('migrations_pending', { detail: migrationHint, retryAfter: 30 })
  return 'unavailable'
}
