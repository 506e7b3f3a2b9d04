-- For databases that the first form of 0100 has filled at once: nothing waits there.
CREATE TABLE IF NOT EXISTS relation_fill (
  filled_up_to bigint NOT NULL,
  rooms_up_to bigint NOT NULL
);
