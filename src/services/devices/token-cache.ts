import { withDeadline } from '../../domain/deadline.ts'
import type { DeviceId } from '../../domain/ids.ts'
import { parseDeviceToken } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { findChildIdentities, findIdentityByToken } from '../../store/device-identity.ts'
import type { World } from '../context.ts'
import { ExpiringCache } from './expiring-cache.ts'

const known = new ExpiringCache<DeviceIdentity>(limits.tokenCacheMs, limits.tokenCacheEntries)
const unknown = new ExpiringCache<true>(limits.unknownTokenCacheMs, limits.unknownTokenCacheEntries)
const children = new ExpiringCache<DeviceIdentity>(limits.tokenCacheMs, limits.tokenCacheEntries)
/** Counts what was forgotten: a look-up that began before is not remembered. */
let forgotten = 0

/** Whose token is it? From the isolate's memory for less than 30 s, else from the registry. */
export async function resolveToken(
  world: Pick<World, 'registry'>,
  text: string,
  now: number,
): Promise<DeviceIdentity | undefined> {
  const token = parseDeviceToken(text)
  if (!token || unknown.get(token, now)) return undefined
  const device = known.get(token, now)
  if (device) return device
  const began = forgotten
  const found = await withDeadline(findIdentityByToken(world.registry, token), limits.d1TimeoutMs)
  if (began !== forgotten) return found
  if (found) known.set(token, found, now)
  else unknown.set(token, true, now)
  return found
}

/** A token that was rotated or whose device changed: this isolate asks anew. */
export function forgetToken(token: string): void {
  known.delete(token)
  unknown.delete(token)
  forgotten++
}

/** The gateway's children among the ids, each remembered as a token is. */
export async function resolveChildren(
  world: Pick<World, 'registry'>,
  gateway: DeviceIdentity,
  ids: readonly DeviceId[],
  now: number,
): Promise<Map<DeviceId, DeviceIdentity>> {
  const found = new Map<DeviceId, DeviceIdentity>()
  const missing: DeviceId[] = []
  for (const id of ids) {
    const child = children.get(`${gateway.deviceId}:${id}`, now)
    if (child) found.set(id, child)
    else missing.push(id)
  }
  if (missing.length === 0) return found
  const began = forgotten
  const look = findChildIdentities(world.registry, gateway.tenantId, gateway.deviceId, missing)
  for (const [id, child] of await withDeadline(look, limits.d1TimeoutMs)) {
    if (began === forgotten) children.set(`${gateway.deviceId}:${id}`, child, now)
    found.set(id, child)
  }
  return found
}

/** A device that left its gateway, or is gone. */
export function forgetChild(gatewayId: DeviceId, childId: DeviceId): void {
  children.delete(`${gatewayId}:${childId}`)
  forgotten++
}
