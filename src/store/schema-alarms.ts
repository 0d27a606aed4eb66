/**
 * Registry tables of alarms and dashboards, as drizzle sees them. The SQL files in
 * migrations/ are the truth (STRICT, WITHOUT ROWID and CHECK have no place in drizzle's syntax); a test compares the two.
 */
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { tenants } from './schema-tenants.ts'

export const alarmRules = sqliteTable(
  'alarm_rules',
  {
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    profileId: text('profile_id').notNull(),
    ruleId: text('rule_id').notNull(),
    position: integer('position').notNull(),
    rule: text('rule').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.profileId, t.ruleId] })],
)

export const alarms = sqliteTable(
  'alarms',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    deviceId: text('device_id').notNull(),
    ruleId: text('rule_id').notNull(),
    ruleName: text('rule_name').notNull(),
    severity: text('severity').notNull(),
    status: text('status', { enum: ['ACTIVE', 'CLEARED'] }).notNull(),
    triggerKey: text('trigger_key'),
    triggerValue: text('trigger_value'),
    startedAt: integer('started_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    acknowledgedAt: integer('acknowledged_at'),
    acknowledgedBy: text('acknowledged_by'),
    shelvedUntil: integer('shelved_until'),
    clearedAt: integer('cleared_at'),
    clearedBy: text('cleared_by'),
  },
  (t) => [
    uniqueIndex('alarms_open').on(t.deviceId, t.ruleId).where(sql`status = 'ACTIVE'`),
    index('alarms_tenant').on(t.tenantId, t.startedAt),
    index('alarms_device').on(t.deviceId, t.startedAt),
  ],
)

export const alarmEvents = sqliteTable(
  'alarm_events',
  {
    alarmId: text('alarm_id').notNull(),
    at: integer('at').notNull(),
    sequence: integer('sequence').notNull(),
    kind: text('kind').notNull(),
    detail: text('detail').notNull(),
  },
  (t) => [primaryKey({ columns: [t.alarmId, t.at, t.sequence] })],
)

export const ruleRollouts = sqliteTable(
  'rule_rollouts',
  {
    profileId: text('profile_id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    afterDeviceId: text('after_device_id').notNull(),
    startedAt: integer('started_at').notNull(),
  },
  (t) => [index('rule_rollouts_tenant').on(t.tenantId)],
)

export const escalationSettings = sqliteTable('escalation_settings', {
  tenantId: text('tenant_id')
    .primaryKey()
    .references(() => tenants.id, { onDelete: 'cascade' }),
  settings: text('settings').notNull(),
  updatedAt: integer('updated_at').notNull(),
})

export const dashboards = sqliteTable(
  'dashboards',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    type: text('type').notNull().default('STATIC'),
    document: text('document').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [index('dashboards_tenant').on(t.tenantId)],
)

export const dashboardShares = sqliteTable(
  'dashboard_shares',
  {
    tokenHash: text('token_hash').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    dashboardId: text('dashboard_id')
      .notNull()
      .references(() => dashboards.id, { onDelete: 'cascade' }),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    revokedAt: integer('revoked_at'),
  },
  (t) => [index('dashboard_shares_dashboard').on(t.dashboardId)],
)
