import type { TenantId } from '../domain/ids.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import { type IdentityRow, selectIdentity, toIdentity } from './device-identity.ts'
import type { Registry } from './registry.ts'

/** A device by one of the names that servers outside have for it. `decoder` is its profile's, as JSON. */
export interface NamedIdentity {
  readonly device: DeviceIdentity
  readonly decoder: string | null
  readonly devEui: string | null
  readonly externalId: string
}

interface Row extends IdentityRow {
  readonly decoder: string | null
  readonly devEui: string | null
  readonly externalId: string
}

const select = selectIdentity('p.decoder, d.dev_eui AS devEui, d.external_id AS externalId,')
const listed = (parameter: number) => `(SELECT value FROM json_each(?${parameter}))`

function toNamed({ decoder, devEui, externalId, ...row }: Row): NamedIdentity {
  return { device: toIdentity(row), decoder, devEui, externalId }
}

/** The tenant's own devices with these DevEUIs or external ids, each kind by its own index. */
export async function findByNames(
  registry: Registry,
  tenantId: TenantId,
  devEuis: readonly string[],
  externalIds: readonly string[],
): Promise<NamedIdentity[]> {
  const { results } = await registry.$client
    .prepare(
      `${select} WHERE d.id IN (
         SELECT id FROM devices WHERE tenant_id = ?1 AND dev_eui IN ${listed(2)}
         UNION SELECT id FROM devices WHERE tenant_id = ?1 AND external_id IN ${listed(3)})`,
    )
    .bind(tenantId, JSON.stringify(devEuis), JSON.stringify(externalIds))
    .all<Row>()
  return results.map(toNamed)
}

/** The tenant's own devices that these aliases were given to. */
export async function findByAliases(
  registry: Registry,
  tenantId: TenantId,
  aliases: readonly string[],
): Promise<Map<string, NamedIdentity>> {
  const { results } = await registry.$client
    .prepare(
      `${selectIdentity('p.decoder, d.dev_eui AS devEui, d.external_id AS externalId, a.alias,')}
       JOIN device_aliases a ON a.device_id = d.id AND a.tenant_id = d.tenant_id
       WHERE a.tenant_id = ?1 AND a.alias IN ${listed(2)}`,
    )
    .bind(tenantId, JSON.stringify(aliases))
    .all<Row & { readonly alias: string }>()
  return new Map(results.map(({ alias, ...row }) => [alias, toNamed(row)]))
}

/** The device is called so from now on, whoever was before. False: there is no such device of the tenant. */
export async function giveAlias(
  registry: Registry,
  tenantId: TenantId,
  alias: string,
  deviceId: string,
): Promise<boolean> {
  const { meta } = await registry.$client
    .prepare(
      `INSERT INTO device_aliases (tenant_id, alias, device_id)
       SELECT tenant_id, ?2, id FROM devices WHERE tenant_id = ?1 AND id = ?3
       ON CONFLICT (tenant_id, alias) DO UPDATE SET device_id = excluded.device_id`,
    )
    .bind(tenantId, alias, deviceId)
    .run()
  return meta.changes > 0
}

/** The device is called so, if no other is. False: another is. */
export async function claimAlias(
  registry: Registry,
  tenantId: TenantId,
  alias: string,
  deviceId: string,
): Promise<boolean> {
  const { meta } = await registry.$client
    .prepare('INSERT INTO device_aliases (tenant_id, alias, device_id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING')
    .bind(tenantId, alias, deviceId)
    .run()
  return meta.changes > 0
}
