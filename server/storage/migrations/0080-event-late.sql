-- concurrently
-- Events that entered the timeline long after they were stored; all others are found by event_timeline.
-- Nothing may write one, and no reader looks for any, before this index is there (storage/rooms/timeline.ts).
CREATE INDEX CONCURRENTLY event_late ON event (room_nid, position) WHERE position <> event_nid;
