-- The server's own id of what is kept, where it has one: the same again is the same entry.
ALTER TABLE webhook_inbox ADD COLUMN mark TEXT;
CREATE UNIQUE INDEX webhook_inbox_mark ON webhook_inbox (tenant_id, mark) WHERE mark IS NOT NULL;
-- The sweep finds what is too old without reading the bodies.
CREATE INDEX webhook_inbox_age ON webhook_inbox (received_at);
