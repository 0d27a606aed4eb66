import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'

/** A row of an import file that passed its checks. */
export interface ImportedDevice {
  readonly id: string
  readonly name: string
  readonly deviceType: string
  readonly label: string | null
  readonly token: string
  readonly isGateway: boolean
  readonly parentGatewayId: string | null
  readonly devEui: string | null
  readonly inactivityTimeoutMs: number | null
  /** Which column says that a device is this one. */
  readonly identity: 'dev_eui' | 'token' | 'name'
}

export interface KnownDevice {
  readonly id: string
  readonly name: string
  readonly devEui: string | null
  readonly token: string
  readonly isGateway: boolean
}

export interface KnownKeys {
  readonly names: readonly string[]
  readonly devEuis: readonly string[]
  readonly tokens: readonly string[]
  readonly ids: readonly string[]
}

/** The tenant's devices that any of the keys names, each kind by its own index. */
export async function findKnownDevices(
  registry: Registry,
  tenantId: TenantId,
  keys: KnownKeys,
): Promise<KnownDevice[]> {
  const select =
    'SELECT id, name, dev_eui AS devEui, token, is_gateway AS gateway FROM devices WHERE tenant_id = ?1 AND'
  const list = (parameter: number) => `(SELECT value FROM json_each(?${parameter}))`
  const { results } = await registry.$client
    .prepare(
      `${select} name COLLATE NOCASE IN ${list(2)} AND name IN ${list(2)}
       UNION ${select} dev_eui IN ${list(3)}
       UNION ${select} token IN ${list(4)}
       UNION ${select} id IN ${list(5)}`,
    )
    .bind(tenantId, ...[keys.names, keys.devEuis, keys.tokens, keys.ids].map((values) => JSON.stringify(values)))
    .all<Omit<KnownDevice, 'isGateway'> & { gateway: number }>()
  return results.map(({ gateway, ...device }) => ({ ...device, isGateway: gateway === 1 }))
}

/**
 * Writes the rows that no device of the tenant is yet, while parents are gateways and the plan has room: all in
 * one statement, so that imports side by side make nothing twice. Returns the ids that were written.
 */
export async function insertImported(
  registry: Registry,
  tenantId: TenantId,
  rows: readonly ImportedDevice[],
  now: number,
): Promise<Set<string>> {
  if (rows.length === 0) return new Set()
  const { results } = await registry.$client
    .prepare(
      `INSERT INTO devices (id, tenant_id, name, device_type, label, token, is_gateway, parent_gateway_id, external_id,
         dev_eui, inactivity_timeout_ms, created_at, updated_at)
       SELECT r.value ->> 'id', ?1, r.value ->> 'name', r.value ->> 'deviceType', r.value ->> 'label', r.value ->> 'token',
         r.value ->> 'isGateway', r.value ->> 'parentGatewayId', r.value ->> 'id', r.value ->> 'devEui',
         r.value ->> 'inactivityTimeoutMs', ?3, ?3
       FROM json_each(?2) r
       WHERE NOT (r.value ->> 'identity' = 'name' AND EXISTS
           (SELECT 1 FROM devices d WHERE d.tenant_id = ?1
             AND d.name = r.value ->> 'name' COLLATE NOCASE AND d.name = (r.value ->> 'name')))
         AND (r.value ->> 'parentGatewayId' IS NULL OR EXISTS
           (SELECT 1 FROM devices p WHERE p.id = r.value ->> 'parentGatewayId' AND p.tenant_id = ?1 AND p.is_gateway = 1))
         AND (SELECT count(*) FROM devices WHERE tenant_id = ?1) + r.key < coalesce(
           (SELECT max_devices FROM plans JOIN tenants ON plans.id = plan_id WHERE tenants.id = ?1), 9e15)
       ON CONFLICT DO NOTHING
       RETURNING id`,
    )
    .bind(tenantId, JSON.stringify(rows), now)
    .all<{ id: string }>()
  return new Set(results.map(({ id }) => id))
}

/** How many more devices the tenant's plan allows. */
export async function deviceRoom(registry: Registry, tenantId: TenantId): Promise<number> {
  const row = await registry.$client
    .prepare(
      `SELECT max_devices AS most, (SELECT count(*) FROM devices WHERE tenant_id = ?1) AS n
       FROM tenants JOIN plans ON plans.id = plan_id WHERE tenants.id = ?1`,
    )
    .bind(tenantId)
    .first<{ most: number | null; n: number }>()
  return row?.most === null || !row ? Number.POSITIVE_INFINITY : Math.max(0, row.most - row.n)
}
