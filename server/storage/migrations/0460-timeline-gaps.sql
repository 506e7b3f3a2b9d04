-- Events of the timeline that follow something which was not here when they came: what is before such an event in the timeline was not just before it.
CREATE TABLE timeline_gap (
  room_nid bigint NOT NULL,
  event_nid bigint NOT NULL,
  PRIMARY KEY (room_nid, event_nid)
);
