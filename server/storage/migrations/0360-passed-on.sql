-- Joins, leaves and knocks of other servers' users that came through this one, which sends them to the third servers in
-- the room. Noted by id, before the event is taken in.
CREATE TABLE federation_passed_on (
  event_id text PRIMARY KEY,
  room_nid bigint NOT NULL
);
CREATE INDEX federation_passed_on_room ON federation_passed_on (room_nid);
