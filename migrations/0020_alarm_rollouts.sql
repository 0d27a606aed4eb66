CREATE INDEX alarms_device ON alarms (device_id, started_at);

-- A profile whose rules changed, until its devices were told.
CREATE TABLE rule_rollouts (
  profile_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  after_device_id TEXT NOT NULL,
  started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_rollouts_tenant ON rule_rollouts (tenant_id);

CREATE TABLE escalation_settings (
  tenant_id TEXT PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  settings TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
