import type { Attribute, AttributeChanges, AttributeScope, AttributeValue } from '../domain/attribute.ts'
import type { DeviceId, TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'

interface Row {
  readonly scope: AttributeScope
  readonly key: string
  readonly value: string
  readonly updated_at: number
}

/** All of a device's attributes, by scope and key. */
export async function loadAttributes(registry: Registry, tenantId: TenantId, deviceId: DeviceId): Promise<Attribute[]> {
  const { results } = await registry.$client
    .prepare(
      'SELECT scope, key, value, updated_at FROM attributes WHERE device_id = ?1 AND tenant_id = ?2 ORDER BY scope, key',
    )
    .bind(deviceId, tenantId)
    .all<Row>()
  return results.map(({ scope, key, value, updated_at }) => ({
    scope,
    key,
    value: JSON.parse(value) as AttributeValue,
    updatedAt: updated_at,
  }))
}

/** One transaction, two statements at most. False: the tenant has no such device any more, and nothing is written. */
export async function writeAttributes(
  registry: Registry,
  tenantId: TenantId,
  deviceId: DeviceId,
  scope: AttributeScope,
  changes: AttributeChanges,
  now: number,
): Promise<boolean> {
  const db = registry.$client
  const values = changes.filter(([, value]) => value !== null).map(([key, value]) => [key, JSON.stringify(value)])
  const gone = changes.filter(([, value]) => value === null).map(([key]) => key)
  const statements: D1PreparedStatement[] = []
  if (values.length > 0) {
    const upsert = `
      INSERT INTO attributes (tenant_id, device_id, scope, key, value, updated_at)
      SELECT d.tenant_id, d.id, ?3, j.value ->> 0, j.value ->> 1, ?5 FROM devices d, json_each(?4) j
      WHERE d.id = ?1 AND d.tenant_id = ?2
      ON CONFLICT (device_id, scope, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`
    statements.push(db.prepare(upsert).bind(deviceId, tenantId, scope, JSON.stringify(values), now))
  }
  if (gone.length > 0) {
    const remove = `DELETE FROM attributes WHERE device_id = ?1 AND tenant_id = ?2 AND scope = ?3
      AND key IN (SELECT value FROM json_each(?4))`
    statements.push(db.prepare(remove).bind(deviceId, tenantId, scope, JSON.stringify(gone)))
  }
  if (statements.length === 0) return true
  const [first] = await db.batch(statements)
  return values.length === 0 || (first?.meta.changes ?? 0) > 0
}

/** Keys that the tenant's devices have, of any scope. */
export async function listAttributeKeys(registry: Registry, tenantId: TenantId, limit: number): Promise<string[]> {
  const { results } = await registry.$client
    .prepare(
      `SELECT DISTINCT a.key AS key FROM devices d JOIN attributes a ON a.device_id = d.id
       WHERE d.tenant_id = ?1 ORDER BY a.key LIMIT ?2`,
    )
    .bind(tenantId, limit)
    .all<{ key: string }>()
  return results.map(({ key }) => key)
}
