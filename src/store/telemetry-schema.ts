/**
 * The telemetry tables as drizzle sees them. The SQL files in migrations/telemetry/ are the truth (STRICT, WITHOUT ROWID and
 * CHECK have no place in drizzle's syntax); a test compares the two.
 */
import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const telemetry = sqliteTable(
  'telemetry',
  {
    deviceId: text('device_id').notNull(),
    ts: integer('ts').notNull(),
    values: text('values').notNull(),
    mark: text('mark'),
  },
  (t) => [primaryKey({ columns: [t.deviceId, t.ts] })],
)

export const telemetryHourly = sqliteTable(
  'telemetry_hourly',
  {
    deviceId: text('device_id').notNull(),
    hour: integer('hour').notNull(),
    stats: text('stats').notNull(),
  },
  (t) => [primaryKey({ columns: [t.deviceId, t.hour] })],
)

export const dirtyHours = sqliteTable(
  'dirty_hours',
  {
    deviceId: text('device_id').notNull(),
    hour: integer('hour').notNull(),
  },
  (t) => [primaryKey({ columns: [t.deviceId, t.hour] })],
)

export const deviceState = sqliteTable(
  'device_state',
  {
    tenantId: text('tenant_id').notNull(),
    deviceId: text('device_id').notNull(),
    lastSeen: integer('last_seen').notNull(),
    latest: text('latest').notNull(),
    savedAt: integer('saved_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.deviceId] })],
)
