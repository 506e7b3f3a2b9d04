-- The newest receipt of each user, type and thread in a room. `thread_id` is '' for an unthreaded one.
CREATE TABLE receipt (
  user_id text NOT NULL,
  room_id text NOT NULL,
  receipt_type text NOT NULL,
  thread_id text NOT NULL,
  event_id text NOT NULL,
  -- Where that event stands in the timeline; null where this server does not know it.
  event_position bigint,
  -- Milliseconds since 1970 at which it was received.
  ts bigint NOT NULL,
  -- Of its record in the log.
  position bigint NOT NULL,
  PRIMARY KEY (user_id, room_id, receipt_type, thread_id)
) WITH (fillfactor = 70);
CREATE INDEX receipt_room ON receipt (room_id, position);
