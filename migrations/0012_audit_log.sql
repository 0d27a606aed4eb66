CREATE TABLE audit_log (
  tenant_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  id TEXT NOT NULL,
  actor TEXT NOT NULL,
  address TEXT,
  action TEXT NOT NULL,
  target TEXT,
  before TEXT,
  after TEXT,
  PRIMARY KEY (tenant_id, at, id)
) STRICT, WITHOUT ROWID;
