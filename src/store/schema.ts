/**
 * The registry tables as drizzle sees them. The SQL files in migrations/ are the truth (STRICT, WITHOUT ROWID and
 * CHECK have no place in drizzle's syntax); a test compares the two.
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
  (t) => [index('sessions_person').on(t.personId)],
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
  (t) => [index('one_time_links_tenant').on(t.tenantId)],
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

export const deviceProfiles = sqliteTable(
  'device_profiles',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    type: text('type'),
    description: text('description'),
    isDefault: integer('is_default', { mode: 'boolean' }).notNull().default(false),
    inactivityTimeoutMs: integer('inactivity_timeout_ms'),
    retentionDays: integer('retention_days'),
    rollupRetentionDays: integer('rollup_retention_days'),
    keys: text('keys').notNull().default('{}'),
    decoder: text('decoder'),
    provisioning: text('provisioning'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [
    index('device_profiles_tenant').on(t.tenantId),
    uniqueIndex('device_profiles_default').on(t.tenantId).where(sql`is_default = 1`),
  ],
)

export const devices = sqliteTable(
  'devices',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    profileId: text('profile_id'),
    name: text('name').notNull(),
    deviceType: text('device_type').notNull(),
    label: text('label'),
    token: text('token').notNull(),
    isGateway: integer('is_gateway', { mode: 'boolean' }).notNull().default(false),
    parentGatewayId: text('parent_gateway_id'),
    externalId: text('external_id').notNull(),
    devEui: text('dev_eui'),
    inactivityTimeoutMs: integer('inactivity_timeout_ms'),
    retentionDays: integer('retention_days'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [
    uniqueIndex('devices_token').on(t.token),
    uniqueIndex('devices_external_id').on(t.tenantId, t.externalId),
    uniqueIndex('devices_dev_eui').on(t.tenantId, t.devEui).where(sql`dev_eui IS NOT NULL`),
    index('devices_name').on(t.tenantId, sql`${t.name} COLLATE NOCASE`, t.id),
    index('devices_parent').on(t.parentGatewayId).where(sql`parent_gateway_id IS NOT NULL`),
  ],
)

export const deviceTombstones = sqliteTable(
  'device_tombstones',
  {
    deviceId: text('device_id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    deletedAt: integer('deleted_at').notNull(),
  },
  (t) => [index('device_tombstones_age').on(t.deletedAt)],
)

export const deviceShards = sqliteTable(
  'device_shards',
  {
    deviceId: text('device_id').notNull(),
    fromTs: integer('from_ts').notNull(),
    shard: integer('shard').notNull(),
  },
  (t) => [primaryKey({ columns: [t.deviceId, t.fromTs] })],
)

export const attributes = sqliteTable(
  'attributes',
  {
    deviceId: text('device_id').notNull(),
    scope: text('scope', { enum: ['client', 'shared', 'server'] }).notNull(),
    key: text('key').notNull(),
    value: text('value').notNull(),
    updatedAt: integer('updated_at').notNull(),
    tenantId: text('tenant_id').notNull(),
  },
  (t) => [primaryKey({ columns: [t.deviceId, t.scope, t.key] })],
)

export const commands = sqliteTable(
  'commands',
  {
    tenantId: text('tenant_id').notNull(),
    deviceId: text('device_id').notNull(),
    id: text('id').notNull(),
    requestId: text('request_id').notNull(),
    method: text('method').notNull(),
    params: text('params').notNull(),
    twoWay: integer('two_way', { mode: 'boolean' }).notNull().default(true),
    persistent: integer('persistent', { mode: 'boolean' }).notNull().default(false),
    status: text('status', {
      enum: ['queued', 'sent', 'delivered', 'succeeded', 'failed', 'expired', 'cancelled'],
    }).notNull(),
    result: text('result'),
    createdBy: text('created_by'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    sentAt: integer('sent_at'),
    deliveredAt: integer('delivered_at'),
    finishedAt: integer('finished_at'),
  },
  (t) => [primaryKey({ columns: [t.deviceId, t.id] })],
)

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
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
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
  (t) => [primaryKey({ columns: [t.tenantId, t.at, t.id] })],
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
