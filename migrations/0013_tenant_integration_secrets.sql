-- Only the SHA-256 and the last four characters of a secret are kept. After a rotation the previous
-- secret is taken until previous_expires_at.
CREATE TABLE tenant_integration_secrets (
  tenant_id TEXT PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  last_four TEXT NOT NULL,
  previous_hash TEXT,
  previous_expires_at INTEGER,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
