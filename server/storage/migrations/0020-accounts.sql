-- Accounts, their devices and tokens, and what clients keep with us for themselves.

CREATE TABLE account (
  user_id text PRIMARY KEY,
  -- Of accounts/password-hash.ts, with its parameters. Null: nobody can log in by password.
  password_hash text,
  guest boolean NOT NULL,
  admin boolean NOT NULL,
  created_ms bigint NOT NULL,
  deactivated_ms bigint
);

CREATE TABLE device (
  user_id text NOT NULL,
  device_id text NOT NULL,
  display_name text,
  created_ms bigint NOT NULL,
  -- Coalesced: some minutes behind (D6).
  last_seen_ms bigint,
  last_seen_address text,
  last_seen_user_agent text,
  PRIMARY KEY (user_id, device_id)
);

-- An access token with its refresh token, as SHA-256. The secrets are with the client only.
CREATE TABLE access_token (
  token_id bigint PRIMARY KEY,
  user_id text NOT NULL,
  device_id text NOT NULL,
  access_hash bytea NOT NULL UNIQUE,
  access_expires_ms bigint,
  refresh_hash bytea UNIQUE,
  -- The pair that this one was refreshed from. It holds until the client shows that it has the
  -- new one, by using it: the answer to a refresh may get lost.
  replaces_id bigint
);
CREATE INDEX access_token_device ON access_token (user_id, device_id);

CREATE TABLE registration_token (
  token text PRIMARY KEY,
  -- Null for no limit.
  uses_allowed integer,
  uses_completed integer NOT NULL,
  expires_ms bigint,
  created_ms bigint NOT NULL
);

CREATE TABLE profile_field (
  user_id text NOT NULL,
  field text NOT NULL,
  -- JSON.
  value text NOT NULL,
  PRIMARY KEY (user_id, field)
);

CREATE TABLE account_data (
  user_id text NOT NULL,
  -- Empty for what belongs to no room.
  room_id text NOT NULL,
  type text NOT NULL,
  content text NOT NULL,
  -- Of the last change.
  position bigint NOT NULL,
  PRIMARY KEY (user_id, room_id, type)
);
CREATE INDEX account_data_changes ON account_data (user_id, position);

-- The id is a hash of the content, so the same filter is one row, however often it is uploaded.
CREATE TABLE filter (
  user_id text NOT NULL,
  filter_id text NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (user_id, filter_id)
);

CREATE TABLE pusher (
  user_id text NOT NULL,
  app_id text NOT NULL,
  pushkey text NOT NULL,
  -- The device that set it: its logout takes the pusher away.
  device_id text NOT NULL,
  -- As the client gave it.
  content text NOT NULL,
  PRIMARY KEY (user_id, app_id, pushkey)
);
