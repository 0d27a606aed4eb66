import { outgoingPowers } from '../../env.ts'
import type { World } from '../../services/context.ts'
import { resolveChildren } from '../../services/devices/token-cache.ts'
import type { Platform, TelemetryLane } from '../../services/ports.ts'
import { countUplink } from '../../services/rate-gate.ts'
import type { WebhookContext } from '../../services/webhooks/context.ts'
import { workOffParked } from '../../services/webhooks/work-off-parked.ts'
import { openRegistry } from '../../store/registry.ts'
import { openTelemetryStore } from '../../store/telemetry-store.ts'
import { createPlatform } from '../stubs.ts'
import type { WorkOff } from './parking-lot.ts'

/** All that a parked call needs, in the lane that kept it. A lane does not call itself: it is its own. */
export function webhookWorkshop(
  ctx: DurableObjectState,
  env: Env,
  self: TelemetryLane & { readonly registry: D1Database },
): WorkOff {
  const others = createPlatform(env)
  const platform: Platform = {
    ...others,
    lane(shard, deviceId) {
      const found = others.lane(shard, deviceId)
      return env.TELEMETRY_WRITER.idFromName(found.name).equals(ctx.id) ? { name: found.name, lane: self } : found
    },
  }
  return (parked) => {
    const registry = openRegistry(self.registry)
    const world: World = {
      registry,
      telemetry: openTelemetryStore(env),
      platform,
      setupToken: undefined,
      ...outgoingPowers(env),
    }
    const webhook: WebhookContext = {
      world,
      pipeline: {
        platform,
        findChildren: (gateway, ids) => resolveChildren(world, gateway, ids, Date.now()),
        limit: (...message) => countUplink(env, ...message),
      },
      globalSecret: env.INTEGRATION_WEBHOOK_SECRET,
      now: Date.now(),
      background: (work: Promise<unknown>) => ctx.waitUntil(work),
    }
    return workOffParked(webhook, parked)
  }
}
