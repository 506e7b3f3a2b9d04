-- concurrently
-- The published directory is read whole when somebody first asks for it: server/rooms/directory.
CREATE INDEX CONCURRENTLY room_published ON room (room_id) WHERE published;
