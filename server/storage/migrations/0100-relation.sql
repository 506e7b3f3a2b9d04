-- Which event relates to which (m.relates_to), of those that are not redacted: server/rooms/relations.
-- `edit_ts` is the origin_server_ts of what is an edit by its own form, whatever it edits.
CREATE TABLE relation (
  room_nid bigint NOT NULL,
  target_id text NOT NULL,
  rel_type text NOT NULL,
  depth bigint NOT NULL,
  event_nid bigint NOT NULL,
  type text NOT NULL,
  sender text NOT NULL,
  edit_ts bigint,
  PRIMARY KEY (room_nid, target_id, rel_type, depth, event_nid)
);
-- Who took part in a thread, and how large it is, without reading its rows.
CREATE INDEX relation_thread ON relation (room_nid, target_id, sender, event_nid)
  WHERE rel_type = 'm.thread';
-- What came of late that is shown along with the event that it relates to.
CREATE INDEX relation_recent ON relation (room_nid, event_nid)
  WHERE rel_type IN ('m.thread', 'm.replace', 'm.reference');

-- Where the newest event of each thread stands; 0 when all are redacted.
CREATE TABLE thread (
  room_nid bigint NOT NULL,
  root_id text NOT NULL,
  latest_depth bigint NOT NULL,
  latest_nid bigint NOT NULL,
  PRIMARY KEY (room_nid, root_id)
);
CREATE INDEX thread_order ON thread (room_nid, latest_depth, latest_nid);

-- The rooms whose events from before have no rows yet are those with numbers in (filled_up_to, rooms_up_to]:
-- storage/rooms/relation-fill.ts, since reading all events is not for a takeover.
CREATE TABLE relation_fill (
  filled_up_to bigint NOT NULL,
  rooms_up_to bigint NOT NULL
);
INSERT INTO relation_fill SELECT 0, max(room_nid) FROM room HAVING max(room_nid) IS NOT NULL;
