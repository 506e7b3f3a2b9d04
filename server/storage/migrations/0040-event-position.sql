-- An event's number is only a number; its position in the log, by which /sync goes, is a column of its
-- own: null until the event enters the timeline, which an outlier may do long after it was stored.

ALTER TABLE event ADD COLUMN position bigint;
UPDATE event SET position = event_nid WHERE NOT (outlier OR rejected OR soft_failed OR backfilled);

-- Takes the place of event_timeline, which older servers read by until the next release drops it.
CREATE INDEX event_position ON event (room_nid, position) WHERE position IS NOT NULL;

-- A server of before knows the column not, and all that it writes into the timeline enters it at once.
-- Servers of this release give the position, so the function is never called for their rows.
CREATE FUNCTION position_is_number() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.position := NEW.event_nid; RETURN NEW; END';
CREATE TRIGGER event_of_older_server BEFORE INSERT ON event FOR EACH ROW
  WHEN (NEW.position IS NULL
    AND NOT (NEW.outlier OR NEW.rejected OR NEW.soft_failed OR NEW.backfilled))
  EXECUTE FUNCTION position_is_number();
