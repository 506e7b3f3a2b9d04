-- What administrators ordered that takes long, so that the next writer goes on with it. When it is done its outcome is kept for a week.
CREATE TABLE long_order (
  order_id text PRIMARY KEY,
  kind text NOT NULL,
  -- Of whom or what it is, and who gave it.
  target text NOT NULL,
  by text NOT NULL,
  -- JSON: what was asked, and what came of it so far.
  asked text NOT NULL,
  told text NOT NULL,
  status text NOT NULL,
  expires_ms bigint
);
CREATE INDEX long_order_target ON long_order (target);
