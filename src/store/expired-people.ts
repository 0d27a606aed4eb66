import type { Registry } from './registry.ts'

/** The key of each table, and the column that says when a row is over. */
const expiring = {
  session_tickets: ['token_hash', 'expires_at'],
  sessions: ['token_hash', 'expires_at'],
  one_time_links: ['token_hash', 'expires_at'],
  audit_log: ['tenant_id, at, id', 'at'],
} as const

export type ExpiringTable = keyof typeof expiring

/** Of each table at most so many rows that were over before then; in one call, of which the free plan allows 50. */
export async function deleteExpired(
  registry: Registry,
  before: Readonly<Record<ExpiringTable, number>>,
  rows: number,
): Promise<void> {
  const db = registry.$client
  const tables = Object.keys(expiring) as ExpiringTable[]
  const statements = tables.map((table) => {
    const [key, age] = expiring[table]
    return db
      .prepare(`DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${age} <= ?1 LIMIT ?2)`)
      .bind(before[table], rows)
  })
  await db.batch(statements)
}
