-- stats is a JSON object: key to min, max, sum, count, first, last. hour is its start in ms.
CREATE TABLE telemetry_hourly (
  device_id TEXT NOT NULL,
  hour INTEGER NOT NULL,
  stats TEXT NOT NULL CHECK (json_type(stats) = 'object'),
  PRIMARY KEY (device_id, hour)
) STRICT, WITHOUT ROWID;

-- Hours that a reading arrived for since they were last rolled up.
CREATE TABLE dirty_hours (
  device_id TEXT NOT NULL,
  hour INTEGER NOT NULL,
  PRIMARY KEY (device_id, hour)
) STRICT, WITHOUT ROWID;
