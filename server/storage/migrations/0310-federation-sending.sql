-- What is still to be sent to other servers. Up to where events were given out is the outward cursor
-- `federation`; of those who do not keep up it says here which rooms they lack something of, and behind
-- which position: one row a room, however much there is. Both are saved at most once a second.
CREATE TABLE federation_backlog (
  server_name text NOT NULL,
  room_nid bigint NOT NULL,
  after_position bigint NOT NULL,
  PRIMARY KEY (server_name, room_nid)
) WITH (fillfactor = 50);

-- Other servers as we last found them: those that do not answer, and those that did lately.
CREATE TABLE federation_destination (
  server_name text PRIMARY KEY,
  -- On end; 0 for one that answers.
  failures int NOT NULL,
  -- Not before then, by the wall. Milliseconds since 1970.
  retry_at_ms bigint NOT NULL,
  -- When it last took something from us, or asked something of us.
  active_ms bigint NOT NULL
) WITH (fillfactor = 50);
