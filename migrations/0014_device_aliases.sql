-- What servers outside call a device that has no DevEUI there: 'ttn:{application}/{device}'.
CREATE TABLE device_aliases (
  tenant_id TEXT NOT NULL,
  alias TEXT NOT NULL,
  device_id TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  PRIMARY KEY (tenant_id, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_aliases_device ON device_aliases (device_id);
