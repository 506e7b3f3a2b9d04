-- What administrators say of media: who has taken it out of sight, and what is never to be.
ALTER TABLE media ADD COLUMN quarantined_by text;
ALTER TABLE media ADD COLUMN protected boolean NOT NULL DEFAULT false;

-- When it was last asked for, to the day. Beside `media`, since it is written beside the log, of which no row must wait.
CREATE TABLE media_access (
  media_id text PRIMARY KEY,
  last_ms bigint NOT NULL
);

-- Content that has no media id any more: its pieces are taken away behind the change that took the id.
CREATE TABLE media_gone (
  upload_nid bigint PRIMARY KEY,
  media_id text NOT NULL
);

-- Content is in the TOAST table, and vacuum writes its pages whole into the WAL where a checkpoint was since: up to twice what
-- was deleted, and once what was uploaded. Nothing paces that but these: 3 pages at once, 100 in a second, 6.5 Mbit/s.
ALTER TABLE media_piece SET (toast.autovacuum_vacuum_cost_limit = 60, toast.autovacuum_vacuum_cost_delay = 30,
  toast.autovacuum_vacuum_scale_factor = 0.05);
