CREATE TABLE attributes (
  device_id TEXT NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('client', 'shared', 'server')),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  tenant_id TEXT NOT NULL,
  PRIMARY KEY (device_id, scope, key)
) STRICT, WITHOUT ROWID;
