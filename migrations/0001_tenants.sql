-- A plan's limit that is NULL is not limited.
CREATE TABLE plans (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  max_devices INTEGER,
  max_users INTEGER,
  max_dashboards INTEGER,
  telemetry_per_minute INTEGER,
  telemetry_per_day INTEGER,
  retention_days INTEGER,
  rollup_retention_days INTEGER
) STRICT, WITHOUT ROWID;

INSERT INTO plans (id, title, max_devices, max_users, max_dashboards, telemetry_per_minute, telemetry_per_day, retention_days, rollup_retention_days) VALUES
  ('default', 'Unlimited', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('FREE', 'Free', 5, 1, 2, 120, 10000, 7, 30),
  ('STARTER', 'Starter', 10, 3, 5, 500, 100000, 60, 365),
  ('GROWTH', 'Growth', 100, 10, 20, 3000, 1000000, 180, 730),
  ('ENTERPRISE', 'Enterprise', 500, 50, 100, 20000, 10000000, 365, 1825);

CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  plan_id TEXT NOT NULL DEFAULT 'default' REFERENCES plans (id),
  suspended_at INTEGER,
  settings TEXT NOT NULL DEFAULT '{}',
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant_attributes (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;

-- Readings counted by the writer lanes of tenants whose plan has a limit. "window" is the start of
-- a minute or day and its kind: 'minute:1712486400000', 'day:1712448000000'.
CREATE TABLE tenant_usage (
  tenant_id TEXT NOT NULL,
  "window" TEXT NOT NULL,
  readings INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, "window")
) STRICT, WITHOUT ROWID;
