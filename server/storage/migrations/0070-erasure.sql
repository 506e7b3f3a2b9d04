-- Users who asked to be erased, and when, by position in the log: whoever joins a room behind it is shown redacted
-- copies of their events (Client-server API, POST /account/deactivate).
CREATE TABLE erasure (
  user_id text PRIMARY KEY,
  position bigint NOT NULL
);
