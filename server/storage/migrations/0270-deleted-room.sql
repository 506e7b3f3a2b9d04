-- Rooms that an administrator deleted: there is no row of them in `room` any more, so nobody finds them. Their other rows go in pieces behind that; whose
-- client was away meanwhile hears by this row, and by their own of `membership`, that they are no longer in it.
CREATE TABLE deleted_room (
  room_nid bigint PRIMARY KEY,
  room_id text NOT NULL UNIQUE,
  position bigint NOT NULL,
  deleted_ms bigint NOT NULL
);
