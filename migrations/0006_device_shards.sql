-- From from_ts on (a reading's own time), a device's readings live in this shard.
-- A device without a row lives in shard 0.
CREATE TABLE device_shards (
  device_id TEXT NOT NULL,
  from_ts INTEGER NOT NULL,
  shard INTEGER NOT NULL,
  PRIMARY KEY (device_id, from_ts)
) STRICT, WITHOUT ROWID;
