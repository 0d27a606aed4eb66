import { withDeadline } from '../../domain/deadline.ts'
import type { DeviceId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { findChildIdsByName } from '../../store/device-identity.ts'
import type { World } from '../context.ts'
import { ExpiringCache } from './expiring-cache.ts'

const names = new ExpiringCache<DeviceId>(limits.tokenCacheMs, limits.tokenCacheEntries)

/** The gateway's children with these names, each remembered as a token is. */
export async function resolveChildNames(
  world: Pick<World, 'registry'>,
  gateway: DeviceIdentity,
  wanted: readonly string[],
  now: number,
): Promise<Map<string, DeviceId>> {
  const found = new Map<string, DeviceId>()
  const missing: string[] = []
  for (const name of wanted) {
    const id = names.get(`${gateway.deviceId}:${name}`, now)
    if (id) found.set(name, id)
    else missing.push(name)
  }
  if (missing.length === 0) return found
  const work = findChildIdsByName(world.registry, gateway.tenantId, gateway.deviceId, missing)
  for (const [name, id] of await withDeadline(work, limits.d1TimeoutMs)) {
    names.set(`${gateway.deviceId}:${name}`, id, now)
    found.set(name, id)
  }
  return found
}
