/**
 * Registry tables of devices and of what is set on them, as drizzle sees them. The SQL files in
 * migrations/ are the truth (STRICT, WITHOUT ROWID and CHECK have no place in drizzle's syntax); a test compares the two.
 */
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { tenants } from './schema-tenants.ts'

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

export const deviceAliases = sqliteTable(
  'device_aliases',
  {
    tenantId: text('tenant_id').notNull(),
    alias: text('alias').notNull(),
    deviceId: text('device_id')
      .notNull()
      .references(() => devices.id, { onDelete: 'cascade' }),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.alias] }), index('device_aliases_device').on(t.deviceId)],
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
