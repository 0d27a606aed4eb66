export interface UsageRow {
  readonly tenantId: string
  readonly window: string
  readonly readings: number
  readonly expiresAt: number
}

/** Adds each count to its row, in one statement, and returns the new totals in the same order. */
export async function addUsage(db: D1Database, rows: readonly UsageRow[]): Promise<number[]> {
  if (rows.length === 0) return []
  const { results } = await db
    .prepare(
      `INSERT INTO tenant_usage (tenant_id, "window", readings, expires_at)
       SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
       ON CONFLICT (tenant_id, "window") DO UPDATE SET readings = readings + excluded.readings
       RETURNING tenant_id AS tenantId, "window", readings`,
    )
    .bind(JSON.stringify(rows.map((row) => [row.tenantId, row.window, row.readings, row.expiresAt])))
    .all<{ tenantId: string; window: string; readings: number }>()
  const totals = new Map(results.map((row) => [`${row.tenantId} ${row.window}`, row.readings]))
  return rows.map((row) => totals.get(`${row.tenantId} ${row.window}`) ?? row.readings)
}

export async function deleteExpiredUsage(db: D1Database, now: number, rows: number): Promise<void> {
  await db
    .prepare(
      `DELETE FROM tenant_usage WHERE (tenant_id, "window") IN
        (SELECT tenant_id, "window" FROM tenant_usage WHERE expires_at <= ?1 LIMIT ?2)`,
    )
    .bind(now, rows)
    .run()
}
