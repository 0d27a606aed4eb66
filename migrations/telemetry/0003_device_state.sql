-- What a device's object knows, saved now and then so that lists need no object and a cold object needs
-- no scan. Clustered by tenant: a tenant's device list is one range, with no index to pay for.
CREATE TABLE device_state (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  last_seen INTEGER NOT NULL,
  latest TEXT NOT NULL CHECK (json_type(latest) = 'object'),
  saved_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, device_id)
) STRICT, WITHOUT ROWID;
