-- Rooms that an administrator lets nobody of this server into, also such as are not here (yet).
CREATE TABLE blocked_room (
  room_id text PRIMARY KEY,
  blocked_by text NOT NULL
);
