-- concurrently
-- Which event is nearest to a point in time (GET /timestamp_to_event). Without it that reads the whole room.
CREATE INDEX CONCURRENTLY event_ts ON event (room_nid, origin_server_ts);
