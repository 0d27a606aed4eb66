import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { newCommandId, type TenantId } from '../../src/domain/ids.ts'
import { limits } from '../../src/domain/limits.ts'
import { createPlatform } from '../../src/objects/stubs.ts'
import { sweep } from '../../src/services/sweep/sweep.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { insertInboxRow } from '../../src/store/webhook-inbox.ts'

const registry = openRegistry(env.DB)
const world = { registry, telemetry: openTelemetryStore(env), platform: createPlatform(env), setupToken: undefined }

const entry = (receivedAt: number, last = '1') => ({
  id: `${newCommandId(receivedAt).slice(0, -1)}${last}`,
  connector: 'ttn',
  receivedAt,
  reason: 'json_syntax',
  detail: 'd',
  contentType: null,
  request: '{}',
  body: new Uint8Array([1]),
  devEui: null,
})

const timesOf = async (tenantId: TenantId) => {
  const { results } = await env.DB.prepare(
    'SELECT received_at AS at FROM webhook_inbox WHERE tenant_id = ? ORDER BY id',
  )
    .bind(tenantId)
    .all<{ at: number }>()
  return results.map(({ at }) => at)
}

it('what is older than a week goes', async () => {
  const tenantId = crypto.randomUUID() as TenantId
  const now = Date.now()
  for (const age of [limits.inboxMs + 1_000, limits.inboxMs - 60_000, 0])
    await insertInboxRow(registry, tenantId, entry(now - age), undefined)
  await sweep({ world, now })
  expect(await timesOf(tenantId)).toEqual([now - limits.inboxMs + 60_000, now])
})

it('a tenant keeps its newest, and takes nothing from another', async () => {
  const [tenantId, other] = [crypto.randomUUID() as TenantId, crypto.randomUUID() as TenantId]
  const now = Date.now()
  await insertInboxRow(registry, other, entry(now - 5_000), undefined)
  const rows = Array.from({ length: limits.inboxEntries + 20 }, (_, i) => entry(now + i))
  for (let i = 0; i < rows.length; i += 100)
    await Promise.all(rows.slice(i, i + 100).map((row) => insertInboxRow(registry, tenantId, row, undefined)))
  await insertInboxRow(registry, tenantId, entry(now + rows.length, '0'), undefined)
  const kept = await timesOf(tenantId)
  expect(kept).toHaveLength(limits.inboxEntries)
  expect(kept.at(-1)).toBe(now + rows.length)
  expect(await timesOf(other)).toHaveLength(1)
})
