/**
 * Registry tables of tickets and of provisioning, as drizzle sees them. The SQL files in migrations/ are the truth (STRICT,
 * WITHOUT ROWID and CHECK have no place in drizzle's syntax); a test compares the two.
 */
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { deviceProfiles, devices } from './schema-devices.ts'
import { sessions, tenants } from './schema-tenants.ts'

export const sessionTickets = sqliteTable(
  'session_tickets',
  {
    tokenHash: text('token_hash').primaryKey(),
    sessionHash: text('session_hash')
      .notNull()
      .references(() => sessions.tokenHash, { onDelete: 'cascade' }),
    expiresAt: integer('expires_at').notNull(),
  },
  (t) => [index('session_tickets_session').on(t.sessionHash), index('session_tickets_age').on(t.expiresAt)],
)

export const provisioningKeys = sqliteTable(
  'provisioning_keys',
  {
    profileId: text('profile_id')
      .primaryKey()
      .references(() => deviceProfiles.id, { onDelete: 'cascade' }),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    key: text('key').notNull(),
    secretHash: text('secret_hash').notNull(),
    lastFour: text('last_four').notNull(),
    isEnabled: integer('is_enabled', { mode: 'boolean' }).notNull().default(true),
    allowsAgain: integer('allows_again', { mode: 'boolean' }).notNull().default(false),
    createdAt: integer('created_at').notNull(),
    lastUsedAt: integer('last_used_at'),
  },
  (t) => [uniqueIndex('provisioning_keys_key').on(t.key), index('provisioning_keys_tenant').on(t.tenantId)],
)

export const provisionedDevices = sqliteTable(
  'provisioned_devices',
  {
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    hardwareId: text('hardware_id').notNull(),
    deviceId: text('device_id')
      .notNull()
      .references(() => devices.id, { onDelete: 'cascade' }),
    profileId: text('profile_id').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.hardwareId] }), index('provisioned_devices_device').on(t.deviceId)],
)
