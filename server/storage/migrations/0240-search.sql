-- The index of what was said, made behind the log by a cursor (`server/search`). An older writer does not make it;
-- the next one that does goes on where it stands, and takes away what was redacted meanwhile.
CREATE TABLE search_document (
  event_nid bigint PRIMARY KEY,
  room_nid bigint NOT NULL,
  key text NOT NULL,
  words tsvector NOT NULL
);

-- What was written lately is looked through whole at every search: so it is bounded well below the 4 MB of the default.
CREATE INDEX search_document_words ON search_document USING gin (words) WITH (gin_pending_list_limit = 256);

-- In which languages it was made.
CREATE TABLE search_index (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  languages text NOT NULL
);
