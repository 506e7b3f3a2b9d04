-- The signing keys of other servers, as they published them: each key with the newest response that names it.
CREATE TABLE server_key (
  server_name text NOT NULL,
  key_id text NOT NULL,
  json text NOT NULL,
  valid_until_ms int8 NOT NULL,
  fetched_ms int8 NOT NULL,
  PRIMARY KEY (server_name, key_id)
);
CREATE INDEX server_key_fetched ON server_key (fetched_ms);
