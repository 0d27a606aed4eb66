CREATE TABLE alarm_rules (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  profile_id TEXT NOT NULL,
  rule_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  rule TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (profile_id, rule_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE alarms (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  rule_id TEXT NOT NULL,
  rule_name TEXT NOT NULL,
  severity TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('ACTIVE', 'CLEARED')),
  trigger_key TEXT,
  trigger_value TEXT,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  acknowledged_at INTEGER,
  acknowledged_by TEXT,
  shelved_until INTEGER,
  cleared_at INTEGER,
  cleared_by TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alarms_open ON alarms (device_id, rule_id) WHERE status = 'ACTIVE';
CREATE INDEX alarms_tenant ON alarms (tenant_id, started_at);

CREATE TABLE alarm_events (
  alarm_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (alarm_id, at, sequence)
) STRICT, WITHOUT ROWID;
