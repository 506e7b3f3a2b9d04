-- EDUs for other servers that must arrive: messages to devices, and whose devices changed. Each until its
-- server has taken it. Of one key the newest is enough: a user's devices are read anew by whoever hears of it.
CREATE TABLE federation_outbox (
  server_name text NOT NULL,
  key text NOT NULL,
  position bigint NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (server_name, key)
);
CREATE INDEX federation_outbox_order ON federation_outbox (server_name, position);
