-- Within seconds and once, in the place of a session: opens a live feed, or signs an app in.
CREATE TABLE session_tickets (
  token_hash TEXT PRIMARY KEY,
  session_hash TEXT NOT NULL REFERENCES sessions (token_hash) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_tickets_session ON session_tickets (session_hash);
CREATE INDEX session_tickets_age ON session_tickets (expires_at);

CREATE INDEX sessions_age ON sessions (expires_at);
CREATE INDEX one_time_links_age ON one_time_links (expires_at);
CREATE INDEX audit_log_age ON audit_log (at);

-- With these a firmware image enrols the devices that it runs on, as devices of the profile.
CREATE TABLE provisioning_keys (
  profile_id TEXT PRIMARY KEY REFERENCES device_profiles (id) ON DELETE CASCADE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  last_four TEXT NOT NULL,
  is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
  allows_again INTEGER NOT NULL DEFAULT 0 CHECK (allows_again IN (0, 1)),
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX provisioning_keys_key ON provisioning_keys (key);
CREATE INDEX provisioning_keys_tenant ON provisioning_keys (tenant_id);

CREATE TABLE provisioned_devices (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  hardware_id TEXT NOT NULL,
  device_id TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  profile_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, hardware_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX provisioned_devices_device ON provisioned_devices (device_id);
