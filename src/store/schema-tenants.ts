/**
 * Registry tables of tenants: who they are, who may speak for them, what came in for them, as drizzle sees them. The SQL files in
 * migrations/ are the truth (STRICT, WITHOUT ROWID and CHECK have no place in drizzle's syntax); a test compares the two.
 */
import { sql } from 'drizzle-orm'
import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

export const plans = sqliteTable('plans', {
  id: text('id').primaryKey(),
  title: text('title').notNull(),
  maxDevices: integer('max_devices'),
  maxUsers: integer('max_users'),
  maxDashboards: integer('max_dashboards'),
  telemetryPerMinute: integer('telemetry_per_minute'),
  telemetryPerDay: integer('telemetry_per_day'),
  retentionDays: integer('retention_days'),
  rollupRetentionDays: integer('rollup_retention_days'),
})

export const retentionSweep = sqliteTable('retention_sweep', {
  id: integer('id').primaryKey(),
  afterDeviceId: text('after_device_id').notNull(),
  isBehind: integer('is_behind').notNull(),
  dueAt: integer('due_at').notNull(),
})

export const tenants = sqliteTable('tenants', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  planId: text('plan_id')
    .notNull()
    .default('default')
    .references(() => plans.id),
  suspendedAt: integer('suspended_at'),
  settings: text('settings').notNull().default('{}'),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
})

export const tenantAttributes = sqliteTable(
  'tenant_attributes',
  {
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    key: text('key').notNull(),
    value: text('value').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.key] })],
)

export const tenantUsage = sqliteTable(
  'tenant_usage',
  {
    tenantId: text('tenant_id').notNull(),
    window: text('window').notNull(),
    readings: integer('readings').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.window] })],
)

export const people = sqliteTable(
  'people',
  {
    id: text('id').primaryKey(),
    email: text('email').notNull(),
    name: text('name'),
    passwordHash: text('password_hash'),
    isOperator: integer('is_operator', { mode: 'boolean' }).notNull().default(false),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [uniqueIndex('people_email').on(t.email)],
)

export const memberships = sqliteTable(
  'memberships',
  {
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    personId: text('person_id')
      .notNull()
      .references(() => people.id, { onDelete: 'cascade' }),
    role: text('role', {
      enum: ['owner', 'admin', 'operator', 'viewer'],
    }).notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.personId] }), index('memberships_person').on(t.personId)],
)

export const sessions = sqliteTable(
  'sessions',
  {
    tokenHash: text('token_hash').primaryKey(),
    personId: text('person_id')
      .notNull()
      .references(() => people.id, { onDelete: 'cascade' }),
    tenantId: text('tenant_id'),
    userAgent: text('user_agent'),
    address: text('address'),
    createdAt: integer('created_at').notNull(),
    lastUsedAt: integer('last_used_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (t) => [index('sessions_person').on(t.personId), index('sessions_age').on(t.expiresAt)],
)

export const oneTimeLinks = sqliteTable(
  'one_time_links',
  {
    tokenHash: text('token_hash').primaryKey(),
    purpose: text('purpose', {
      enum: ['invitation', 'password_reset'],
    }).notNull(),
    tenantId: text('tenant_id').references(() => tenants.id, {
      onDelete: 'cascade',
    }),
    personId: text('person_id').references(() => people.id, {
      onDelete: 'cascade',
    }),
    email: text('email'),
    role: text('role'),
    createdBy: text('created_by'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    usedAt: integer('used_at'),
  },
  (t) => [index('one_time_links_tenant').on(t.tenantId), index('one_time_links_age').on(t.expiresAt)],
)

export const apiKeys = sqliteTable(
  'api_keys',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    hash: text('hash').notNull(),
    prefix: text('prefix').notNull(),
    lastFour: text('last_four').notNull(),
    scopes: text('scopes').notNull(),
    deviceIds: text('device_ids'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    lastUsedAt: integer('last_used_at'),
    revokedAt: integer('revoked_at'),
  },
  (t) => [uniqueIndex('api_keys_hash').on(t.hash), index('api_keys_tenant').on(t.tenantId)],
)

export const webhookInbox = sqliteTable(
  'webhook_inbox',
  {
    tenantId: text('tenant_id').notNull(),
    id: text('id').notNull(),
    connector: text('connector').notNull(),
    receivedAt: integer('received_at').notNull(),
    reason: text('reason').notNull(),
    detail: text('detail').notNull(),
    contentType: text('content_type'),
    request: text('request').notNull(),
    body: blob('body', { mode: 'buffer' }).notNull(),
    devEui: text('dev_eui'),
    replayedAt: integer('replayed_at'),
    mark: text('mark'),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index('webhook_inbox_age').on(t.receivedAt),
    uniqueIndex('webhook_inbox_mark').on(t.tenantId, t.mark).where(sql`mark IS NOT NULL`),
  ],
)

export const auditLog = sqliteTable(
  'audit_log',
  {
    tenantId: text('tenant_id').notNull(),
    at: integer('at').notNull(),
    id: text('id').notNull(),
    actor: text('actor').notNull(),
    address: text('address'),
    action: text('action').notNull(),
    target: text('target'),
    before: text('before'),
    after: text('after'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.at, t.id] }), index('audit_log_age').on(t.at)],
)

export const tenantIntegrationSecrets = sqliteTable('tenant_integration_secrets', {
  tenantId: text('tenant_id')
    .primaryKey()
    .references(() => tenants.id, { onDelete: 'cascade' }),
  hash: text('hash').notNull(),
  lastFour: text('last_four').notNull(),
  previousHash: text('previous_hash'),
  previousExpiresAt: integer('previous_expires_at'),
  createdAt: integer('created_at').notNull(),
  lastUsedAt: integer('last_used_at'),
})
