-- Where the sweep of old readings stands. is_behind: a device of this round had more to delete than one visit takes.
CREATE TABLE retention_sweep (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  after_device_id TEXT NOT NULL,
  is_behind INTEGER NOT NULL,
  due_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO retention_sweep (id, after_device_id, is_behind, due_at) VALUES (1, '', 0, 0);
