-- One row a reading: all keys of one message. A written row is what costs, and an index would double it.
-- "values" is a JSON object; mark is the sender's repeat mark, where it gave one.
CREATE TABLE telemetry (
  device_id TEXT NOT NULL,
  ts INTEGER NOT NULL,
  "values" TEXT NOT NULL CHECK (json_type("values") = 'object'),
  mark TEXT,
  PRIMARY KEY (device_id, ts)
) STRICT, WITHOUT ROWID;
