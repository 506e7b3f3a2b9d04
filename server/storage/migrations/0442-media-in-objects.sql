-- concurrently
-- What is in an object store, to be moved back.
CREATE INDEX CONCURRENTLY media_in_objects ON media (media_id) WHERE object_key IS NOT NULL;
