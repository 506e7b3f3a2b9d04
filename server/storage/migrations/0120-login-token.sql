-- Tokens for one login each (client-server API, POST /login/get_token), as SHA-256: whoever is logged in lets another device in.
CREATE TABLE login_token (
  token_hash bytea PRIMARY KEY,
  user_id text NOT NULL,
  expires_ms bigint NOT NULL
);
CREATE INDEX login_token_user ON login_token (user_id);
