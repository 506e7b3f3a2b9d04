-- Which server takes this schema (D17). A server that does not know migration `oldest_server`
-- refuses to start; an older one goes on.
CREATE TABLE schema_state (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version integer NOT NULL,
  oldest_server integer NOT NULL
);
INSERT INTO schema_state (version, oldest_server) VALUES (0, 1);

-- The fence (D3.1): every batch moves `position` in this row where `epoch` is its own, or fails.
CREATE TABLE log_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  epoch bigint NOT NULL,
  position bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head (epoch, position) VALUES (0, 0);

-- Each takeover, with the last position of the epoch before it: what judges /sync tokens (D2).
CREATE TABLE epoch (
  epoch bigint PRIMARY KEY,
  begins_after bigint NOT NULL,
  began_at timestamptz NOT NULL DEFAULT now()
);

-- What changed, by name, in order (D1). Kept 24 h. `at` is for trimming only.
CREATE TABLE log (
  position bigint PRIMARY KEY,
  kind text NOT NULL,
  version integer NOT NULL,
  payload text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

-- What a request answered that may not run twice (D6). `key` is a hash of what names the request.
CREATE TABLE outcome (
  key bytea PRIMARY KEY,
  status integer NOT NULL,
  body bytea NOT NULL,
  secret boolean NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX outcome_expiry ON outcome (expires_at);

-- Signing key and secrets of the server (D11a), sealed with a key that is not in the database.
CREATE TABLE server_identity (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  server_name text NOT NULL,
  sealed bytea NOT NULL
);
