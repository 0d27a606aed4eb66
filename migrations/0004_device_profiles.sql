CREATE TABLE device_profiles (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  type TEXT,
  description TEXT,
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  inactivity_timeout_ms INTEGER,
  retention_days INTEGER,
  rollup_retention_days INTEGER,
  keys TEXT NOT NULL DEFAULT '{}',
  decoder TEXT,
  provisioning TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_profiles_tenant ON device_profiles (tenant_id);
CREATE UNIQUE INDEX device_profiles_default ON device_profiles (tenant_id) WHERE is_default = 1;
