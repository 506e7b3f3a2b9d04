-- The content repository (client-server API, "Content repository"). A media id has content when upload_nid says where it
-- lies: the row is written behind all of its bytes, by the log, so whoever finds it finds them.
CREATE TABLE media (
  media_id text PRIMARY KEY,
  user_id text NOT NULL,
  created_ms bigint NOT NULL,
  -- Of one that was created and has no content yet: until when it may be given some.
  expires_ms bigint,
  upload_nid bigint,
  bytes bigint,
  content_type text,
  file_name text,
  sha256 bytea
);
CREATE INDEX media_of_user ON media (user_id) INCLUDE (bytes);
CREATE INDEX media_without_content ON media (user_id, expires_ms) WHERE upload_nid IS NULL;

-- An upload that is under way, or was when its writer died: then its pieces are taken away again. Its number is a
-- position of the log, which no other writer hands out again.
CREATE TABLE media_upload (
  upload_nid bigint PRIMARY KEY
);

-- Staged on connections of their own, beside the log. Where a piece begins says how far the one before it goes.
CREATE TABLE media_piece (
  upload_nid bigint NOT NULL,
  begins_at bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (upload_nid, begins_at)
);
-- As they are, which is mostly compressed already; so a part of one is read without the rest.
ALTER TABLE media_piece ALTER COLUMN bytes SET STORAGE EXTERNAL;
