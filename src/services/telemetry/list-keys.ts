import { limits } from '../../domain/limits.ts'
import { type ListedKey, listTenantKeys } from '../../store/read-telemetry.ts'
import type { ServiceContext } from '../context.ts'
import { ownDevice } from './own-devices.ts'

export interface KeyView {
  readonly key: string
  readonly type: 'number' | 'boolean' | 'string' | 'json'
  readonly lastTs: number
}

/** Keys of one device, from its latest values. */
export async function listDeviceKeys({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<KeyView[]> {
  const device = await ownDevice(ctx, input.id)
  const { values } = await ctx.platform.device(device.deviceId).latest(device)
  const keys = values.map(([key, { value, ts }]): KeyView => ({ key, type: typeOf(typeof value), lastTs: ts }))
  return keys.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** Keys of all the tenant's devices; a key that came within the last minutes may be missing still. */
export async function listKeys({ ctx }: { readonly ctx: ServiceContext }): Promise<KeyView[]> {
  const { keysListed, keysFromDevices } = limits
  const lists = await Promise.all(
    ctx.telemetry.all.map((db) => listTenantKeys(db, ctx.tenantId, keysListed, keysFromDevices)),
  )
  const newest = new Map<string, ListedKey>()
  for (const listed of lists.flat()) {
    const known = newest.get(listed.key)
    if (!known || known.lastTs < listed.lastTs) newest.set(listed.key, listed)
  }
  const keys = [...newest.values()].map(({ key, type, lastTs }): KeyView => ({ key, type: typeOf(type), lastTs }))
  return keys.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limits.keysListed)
}

/** Takes JavaScript's and SQLite's words. */
function typeOf(type: string): KeyView['type'] {
  if (['number', 'integer', 'real'].includes(type)) return 'number'
  if (['boolean', 'true', 'false'].includes(type)) return 'boolean'
  return type === 'string' || type === 'text' ? 'string' : 'json'
}
