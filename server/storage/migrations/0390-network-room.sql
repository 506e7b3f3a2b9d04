-- Rooms that an application service shows in the directory of one of its networks, by the `instance_id` that clients are told.
CREATE TABLE network_room (
  room_nid bigint NOT NULL,
  instance_id text NOT NULL,
  PRIMARY KEY (room_nid, instance_id)
);
