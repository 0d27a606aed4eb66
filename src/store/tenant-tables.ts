import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'

/** A registry table whose rows belong to tenants. */
export interface TenantTable {
  readonly name: string
  readonly columns: readonly string[]
  /** In the order of the primary key, without the tenant. */
  readonly keys: readonly string[]
}

const ours = `t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE 'd1%' AND t.name NOT LIKE '\\_cf%' ESCAPE '\\'`

/** As the database itself says, so that no table of a later migration is forgotten. */
export async function listTenantTables(registry: Registry): Promise<TenantTable[]> {
  const { results } = await registry.$client
    .prepare(
      `SELECT t.name AS "table", c.name AS "column", c.pk FROM sqlite_master t JOIN pragma_table_info(t.name) c
       WHERE t.type = 'table' AND ${ours} ORDER BY t.name, c.cid`,
    )
    .all<{ table: string; column: string; pk: number }>()
  const tables = Map.groupBy(results, ({ table }) => table)
  return [...tables].flatMap(([name, columns]) => {
    if (!columns.some(({ column }) => column === 'tenant_id')) return []
    const keys = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk)
    return [
      {
        name,
        columns: columns.map(({ column }) => column),
        keys: keys.map(({ column }) => column).filter((column) => column !== 'tenant_id'),
      },
    ]
  })
}

const quoted = (columns: readonly string[]) => columns.map((column) => `"${column}"`).join(', ')

/** A page of the tenant's rows in a table, after a place in the order of its key; none where the key is the tenant alone. */
export async function pageTenantRows(
  registry: Registry,
  tenantId: TenantId,
  { name, columns, keys }: TenantTable,
  after: readonly unknown[] | undefined,
  limit: number,
): Promise<Record<string, unknown>[]> {
  const order = keys.length > 0 ? ` ORDER BY ${quoted(keys)}` : ''
  const place = after ? ` AND (${quoted(keys)}) > (${keys.map((_, index) => `?${index + 3}`).join(', ')})` : ''
  const { results } = await registry.$client
    .prepare(`SELECT ${quoted(columns)} FROM "${name}" WHERE tenant_id = ?1${place}${order} LIMIT ?2`)
    .bind(tenantId, limit, ...(after ?? []))
    .all<Record<string, unknown>>()
  return results
}

/** Rows of the tenant, by table. */
export async function countTenantRows(
  registry: Registry,
  tenantId: TenantId,
  tables: readonly TenantTable[],
): Promise<Record<string, number>> {
  const db = registry.$client
  const counts = await db.batch<{ n: number }>([
    ...tables.map(({ name }) => db.prepare(`SELECT count(*) AS n FROM "${name}" WHERE tenant_id = ?1`).bind(tenantId)),
    db.prepare('SELECT count(*) AS n FROM tenants WHERE id = ?1').bind(tenantId),
  ])
  const names = [...tables.map(({ name }) => name), 'tenants']
  return Object.fromEntries(names.map((name, index) => [name, counts[index]?.results[0]?.n ?? 0]))
}

/** Their rows go with their devices, in bounded steps: the sweeper's. */
const swept = ['device_tombstones', 'commands', 'alarms']

/**
 * Every row of the tenant, in one go: devices become tombstones, by which the sweeper removes the readings. People who
 * are members nowhere else go too.
 */
export async function deleteTenantRows(
  registry: Registry,
  tenantId: TenantId,
  tables: readonly TenantTable[],
  now: number,
): Promise<void> {
  const db = registry.$client
  const statements = [
    `INSERT INTO device_tombstones (device_id, tenant_id, deleted_at)
     SELECT id, tenant_id, ${Math.trunc(now)} FROM devices WHERE tenant_id = ?1 ON CONFLICT DO NOTHING`,
    `DELETE FROM people WHERE is_operator = 0
     AND id IN (SELECT person_id FROM memberships WHERE tenant_id = ?1)
     AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.person_id = people.id AND m.tenant_id <> ?1)`,
    ...tables
      .filter(({ name }) => !swept.includes(name))
      .map(({ name }) => `DELETE FROM "${name}" WHERE tenant_id = ?1`),
    'DELETE FROM tenants WHERE id = ?1',
  ]
  await db.batch(statements.map((statement) => db.prepare(statement).bind(tenantId)))
}
