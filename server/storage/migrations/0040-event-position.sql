-- An event's number is only a number; its position in the log, by which /sync goes, is a column of its
-- own. Null is the number itself for what is in the timeline, so that no row is written anew for it, and
-- no position at all for what is not (NOT (outlier OR rejected OR soft_failed OR backfilled) tells).

ALTER TABLE event ADD COLUMN position bigint;
