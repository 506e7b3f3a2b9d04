-- Backups of room keys (client-server API, "Server-side key backups"), which clients encrypt for themselves.

CREATE TABLE key_backup (
  user_id text NOT NULL,
  -- Counted by user. The newest stays when it is deleted, so that its number is never given out again.
  version bigint NOT NULL,
  algorithm text NOT NULL,
  -- JSON.
  auth_data text NOT NULL,
  -- Goes up with every change of the keys.
  etag bigint NOT NULL,
  count bigint NOT NULL,
  bytes bigint NOT NULL,
  deleted boolean NOT NULL,
  PRIMARY KEY (user_id, version)
);

CREATE TABLE key_backup_key (
  user_id text NOT NULL,
  version bigint NOT NULL,
  room_id text NOT NULL,
  session_id text NOT NULL,
  first_message_index bigint NOT NULL,
  forwarded_count bigint NOT NULL,
  is_verified boolean NOT NULL,
  -- JSON.
  session_data text NOT NULL,
  PRIMARY KEY (user_id, version, room_id, session_id)
);
