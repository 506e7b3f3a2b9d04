-- Rooms of other servers that can be used while their members are still fetched, and what others say there meanwhile.
CREATE TABLE partial_join (
  room_nid bigint PRIMARY KEY,
  event_nid bigint NOT NULL,
  server_name text NOT NULL,
  servers text NOT NULL,
  whole_at bigint
);
CREATE TABLE held_pdu (
  room_nid bigint NOT NULL,
  event_id text NOT NULL,
  held_nid bigint NOT NULL,
  server_name text NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (room_nid, event_id)
);
