CREATE TABLE commands (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  method TEXT NOT NULL,
  params TEXT NOT NULL,
  two_way INTEGER NOT NULL DEFAULT 1 CHECK (two_way IN (0, 1)),
  persistent INTEGER NOT NULL DEFAULT 0 CHECK (persistent IN (0, 1)),
  status TEXT NOT NULL CHECK (status IN ('queued', 'sent', 'delivered', 'succeeded', 'failed', 'expired', 'cancelled')),
  result TEXT,
  created_by TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  sent_at INTEGER,
  delivered_at INTEGER,
  finished_at INTEGER,
  PRIMARY KEY (device_id, id)
) STRICT, WITHOUT ROWID;
