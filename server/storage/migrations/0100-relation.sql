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

-- Of events from before. What PostgreSQL cannot read as text (U+0000, half a surrogate pair) relates to nothing.
INSERT INTO relation
  SELECT room_nid, target_id, rel_type, depth, event_nid, type, sender,
    CASE WHEN rel_type = 'm.replace' AND state_key IS NULL
      AND (type = 'm.room.encrypted' OR new_content = 'object') THEN origin_server_ts END
  FROM (
    SELECT event.*, content #>> '{m.relates_to,event_id}' AS target_id,
      content #>> '{m.relates_to,rel_type}' AS rel_type,
      json_typeof(content #> '{m.new_content}') AS new_content
    FROM event CROSS JOIN LATERAL (
      SELECT CASE WHEN json LIKE '%"m.relates_to"%' AND json NOT LIKE '%\\u0000%' AND json NOT LIKE '%\\ud%'
        THEN json::json -> 'content' END AS content) parsed
    WHERE NOT (outlier OR rejected OR soft_failed)
      AND NOT EXISTS (SELECT 1 FROM redaction WHERE target_nid = event.event_nid)) related
  WHERE target_id LIKE '$%' AND octet_length(target_id) <= 255 AND octet_length(rel_type) <= 255;
INSERT INTO thread
  SELECT DISTINCT ON (room_nid, target_id) room_nid, target_id, depth, event_nid FROM relation
  WHERE rel_type = 'm.thread' ORDER BY room_nid, target_id, depth DESC, event_nid DESC;
