-- What came in through a webhook and could not become a reading, raw, with the reason.
CREATE TABLE webhook_inbox (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  connector TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  content_type TEXT,
  request TEXT NOT NULL,
  body BLOB NOT NULL,
  dev_eui TEXT,
  replayed_at INTEGER,
  PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
