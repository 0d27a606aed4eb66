import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { DeviceId, TenantId } from '../../src/domain/ids.ts'
import { findDeviceIdentities } from '../../src/store/device-identity.ts'
import { assignShards } from '../../src/store/device-shards.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { newTenant } from '../helpers/world.ts'

const registry = openRegistry(env.DB)

/** A database of this size. */
function sized(size: number): D1Database {
  const run = async () => ({ results: [], success: true, meta: { size_after: size } })
  return { prepare: () => ({ run }) } as unknown as D1Database
}

const store = (...sizes: number[]) => ({ all: sizes.map(sized), shard: () => sized(0) })

describe('a new device', () => {
  it('lives in the shard with the most room', async () => {
    const tenant = await newTenant()
    const { deviceId } = await tenant.device()
    await assignShards(registry, store(900, 100, 500), [deviceId])
    const found = await findDeviceIdentities(registry, tenant.tenantId as TenantId, [deviceId])
    expect(found.get(deviceId)?.shards).toEqual([{ fromTs: 0, shard: 1 }])
  })

  it('needs no row in shard 0, nor where there is one shard', async () => {
    const ids = [crypto.randomUUID(), crypto.randomUUID()]
    await assignShards(registry, store(100, 900), [ids[0] as string])
    await assignShards(registry, store(100), [ids[1] as string])
    const { results } = await env.DB.prepare('SELECT 1 FROM device_shards WHERE device_id IN (?, ?)')
      .bind(...ids)
      .all()
    expect(results).toEqual([])
  })

  it('whose first row begins later had its earlier readings in shard 0', async () => {
    const tenant = await newTenant()
    const { deviceId } = await tenant.device()
    await env.DB.prepare('INSERT INTO device_shards (device_id, from_ts, shard) VALUES (?, ?, 1)')
      .bind(deviceId, 5_000)
      .run()
    const found = await findDeviceIdentities(registry, tenant.tenantId as TenantId, [deviceId as DeviceId])
    expect(found.get(deviceId)?.shards).toEqual([
      { fromTs: 0, shard: 0 },
      { fromTs: 5_000, shard: 1 },
    ])
  })
})
