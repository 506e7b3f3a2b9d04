-- What somebody invited by, or knocking at, another server was told of a room in which nobody of this server is: its stripped state, a JSON array.
CREATE TABLE told_outside (
  room_nid bigint NOT NULL,
  user_id text NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (room_nid, user_id)
);
