-- Events that are to be sent later (MSC4140). A restart of the delay is not written: until then one is due the full
-- delay after the takeover.
CREATE TABLE delayed_event (
  delay_id text PRIMARY KEY,
  user_id text NOT NULL,
  room_id text NOT NULL,
  type text NOT NULL,
  state_key text,
  content text NOT NULL,
  delay_ms bigint NOT NULL,
  -- Of a finalised one, when it was last restarted.
  since_ms bigint NOT NULL,
  -- Null while it is scheduled. Then either it was sent, or an error stands here, or somebody cancelled it.
  finalised_ms bigint,
  event_id text,
  error text
);
CREATE INDEX delayed_event_scheduled ON delayed_event (user_id) WHERE finalised_ms IS NULL;
CREATE INDEX delayed_event_finalised ON delayed_event (user_id, finalised_ms) WHERE finalised_ms IS NOT NULL;
