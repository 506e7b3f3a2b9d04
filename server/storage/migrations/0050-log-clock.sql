-- The time that writers have run, which is what outcomes and records of the log are kept by. The
-- clock on the wall may jump: by a day ahead, and every request of that day could run twice.
-- Moved on once a minute by the writer, by its monotonic clock. See server/log/housekeeping.ts.
CREATE TABLE log_clock (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  at timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_clock (at) VALUES (now());
