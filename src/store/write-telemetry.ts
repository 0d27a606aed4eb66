/** What a device's object saves of itself. `latest` is JSON: key → [ts, value]. */
export interface DeviceStateRow {
  readonly tenantId: string
  readonly deviceId: string
  readonly lastSeen: number
  readonly latest: string
  readonly savedAt: number
}

/** One row to commit. `json` is trusted to be a JSON object: the pipeline made it. */
export interface ReadingRow {
  readonly deviceId: string
  readonly ts: number
  readonly json: string
  readonly mark: string | undefined
}

export interface DirtyHour {
  readonly deviceId: string
  readonly hour: number
}

export interface TelemetryCommit {
  readonly rows: readonly ReadingRow[]
  readonly hours: readonly DirtyHour[]
  readonly states: readonly DeviceStateRow[]
}

/** The same (device, ts) merges keys: messages that carry one ts with different keys lose nothing. */
const insertReadings = `
  INSERT INTO telemetry (device_id, ts, "values", mark)
  SELECT device.key, row.key, iif(row.type = 'object', row.value, row.value -> 0),
    iif(row.type = 'object', NULL, row.value ->> 1)
  FROM json_each(?1) device, json_each(device.value) row
  WHERE true
  ON CONFLICT (device_id, ts) DO UPDATE SET
    "values" = json_patch("values", excluded."values"), mark = coalesce(mark, excluded.mark)`

const insertHours = `
  INSERT INTO dirty_hours (device_id, hour)
  SELECT value ->> 0, value ->> 1 FROM json_each(?1)
  WHERE true
  ON CONFLICT DO NOTHING`

const upsertStates = `
  INSERT INTO device_state (tenant_id, device_id, last_seen, latest, saved_at)
  SELECT value ->> 0, value ->> 1, value ->> 2, value -> 3, value ->> 4 FROM json_each(?1)
  WHERE true
  ON CONFLICT (tenant_id, device_id) DO UPDATE SET
    last_seen = excluded.last_seen, latest = excluded.latest, saved_at = excluded.saved_at
  WHERE excluded.saved_at >= saved_at`

/** One transaction, one round trip, at most one statement a table however many rows. */
export async function commitTelemetry(db: D1Database, commit: TelemetryCommit): Promise<void> {
  const statements: D1PreparedStatement[] = []
  if (commit.rows.length > 0) statements.push(db.prepare(insertReadings).bind(rowsJson(commit.rows)))
  if (commit.hours.length > 0) {
    statements.push(db.prepare(insertHours).bind(JSON.stringify(commit.hours.map((h) => [h.deviceId, h.hour]))))
  }
  if (commit.states.length > 0) statements.push(db.prepare(upsertStates).bind(statesJson(commit.states)))
  if (statements.length === 1) await (statements[0] as D1PreparedStatement).run()
  else if (statements.length > 1) await db.batch(statements)
}

/**
 * `{deviceId: {ts: values}}`, or `[values, mark]` in the place of values. The readings are JSON already and are put
 * in as they are; a time may stand there twice: SQLite reads both, in order. Keys are a third cheaper than members
 * of a row's array (measured).
 */
function rowsJson(rows: readonly ReadingRow[]): string {
  const devices = new Map<string, string[]>()
  for (const { deviceId, ts, json, mark } of rows) {
    const entry = mark === undefined ? `"${ts}":${json}` : `"${ts}":[${json},${JSON.stringify(mark)}]`
    const entries = devices.get(deviceId)
    if (entries) entries.push(entry)
    else devices.set(deviceId, [entry])
  }
  const parts = [...devices].map(([deviceId, entries]) => `"${deviceId}":{${entries.join(',')}}`)
  return `{${parts.join(',')}}`
}

function statesJson(states: readonly DeviceStateRow[]): string {
  const parts = states.map((s) => `["${s.tenantId}","${s.deviceId}",${s.lastSeen},${s.latest},${s.savedAt}]`)
  return `[${parts.join(',')}]`
}

/** The newest time given to each device in [from, to]: what an earlier lane may have given out. */
export async function newestTimes(
  db: D1Database,
  deviceIds: readonly string[],
  from: number,
  to: number,
): Promise<Map<string, number>> {
  const { results } = await db
    .prepare(
      `SELECT value AS device_id,
        (SELECT ts FROM telemetry WHERE device_id = value AND ts BETWEEN ?2 AND ?3 ORDER BY ts DESC LIMIT 1) AS ts
       FROM json_each(?1)`,
    )
    .bind(JSON.stringify(deviceIds), from, to)
    .all<{ device_id: string; ts: number | null }>()
  return new Map(results.flatMap(({ device_id, ts }) => (ts === null ? [] : [[device_id, ts] as const])))
}

/** Repeat marks of the readings since `from`. */
export async function recentMarks(
  db: D1Database,
  deviceIds: readonly string[],
  from: number,
): Promise<{ deviceId: string; mark: string; ts: number }[]> {
  const { results } = await db
    .prepare(
      `SELECT device_id AS deviceId, mark, ts FROM telemetry
       WHERE device_id IN (SELECT value FROM json_each(?1)) AND ts >= ?2 AND mark IS NOT NULL`,
    )
    .bind(JSON.stringify(deviceIds), from)
    .all<{ deviceId: string; mark: string; ts: number }>()
  return results
}
