-- concurrently
-- What is not in an object store, to be moved there.
CREATE INDEX CONCURRENTLY media_in_pieces ON media (media_id) WHERE upload_nid IS NOT NULL AND object_key IS NULL;
