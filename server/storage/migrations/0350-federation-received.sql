-- Rooms that are not here, and who sent us events of them: by this they are found after a loss of everything.
-- So many at most, the newest.
CREATE TABLE federation_unknown_room (
  room_id text NOT NULL,
  server_name text NOT NULL,
  -- Milliseconds since 1970.
  seen_ms bigint NOT NULL,
  PRIMARY KEY (room_id, server_name)
);

-- Messages to devices that were taken, by the id that their server gave them: it repeats what it was not answered.
-- Of each server the newest.
CREATE TABLE federation_message (
  server_name text NOT NULL,
  message_id text NOT NULL,
  taken_ms bigint NOT NULL,
  PRIMARY KEY (server_name, message_id)
);
CREATE INDEX federation_message_order ON federation_message (server_name, taken_ms);
CREATE INDEX federation_message_age ON federation_message (taken_ms);

-- Redactions that came before what they redact, by the id of that.
CREATE TABLE awaited_redaction (
  room_nid bigint NOT NULL,
  target_id text NOT NULL,
  event_nid bigint NOT NULL,
  PRIMARY KEY (room_nid, target_id, event_nid)
);
