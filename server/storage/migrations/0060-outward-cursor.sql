-- Up to where each outward queue (push, appservices, federation, search) has been sent, by position in
-- the log. Saved at most once a second, so what was sent since may be sent again: server/log/outward.ts.
CREATE TABLE outward_cursor (
  name text PRIMARY KEY,
  position bigint NOT NULL
) WITH (fillfactor = 10);
