-- The token is stored as it is: the app shows it again ("Copy token").
CREATE TABLE devices (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  profile_id TEXT,
  name TEXT NOT NULL,
  device_type TEXT NOT NULL,
  label TEXT,
  token TEXT NOT NULL,
  is_gateway INTEGER NOT NULL DEFAULT 0 CHECK (is_gateway IN (0, 1)),
  parent_gateway_id TEXT,
  external_id TEXT NOT NULL,
  dev_eui TEXT,
  inactivity_timeout_ms INTEGER,
  retention_days INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (is_gateway = 0 OR parent_gateway_id IS NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX devices_token ON devices (token);
CREATE UNIQUE INDEX devices_external_id ON devices (tenant_id, external_id);
CREATE UNIQUE INDEX devices_dev_eui ON devices (tenant_id, dev_eui) WHERE dev_eui IS NOT NULL;
CREATE INDEX devices_name ON devices (tenant_id, name COLLATE NOCASE, id);
CREATE INDEX devices_parent ON devices (parent_gateway_id) WHERE parent_gateway_id IS NOT NULL;

-- A deleted device until the sweeper has removed its readings and its object's storage.
CREATE TABLE device_tombstones (
  device_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  deleted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_tombstones_age ON device_tombstones (deleted_at);
