-- Rooms, their events and their state (D2, D12). All numbers (`…_nid`) come from the log's counter.
-- Event JSON is text, never jsonb: jsonb refuses U+0000 and changes numbers.

CREATE TABLE room (
  room_nid bigint PRIMARY KEY,
  room_id text NOT NULL UNIQUE,
  version text NOT NULL,
  -- Whether the room directory lists it.
  published boolean NOT NULL
);

-- What moves with every event of a room: apart from `room`, and with space to update in place.
CREATE TABLE room_head (
  room_nid bigint PRIMARY KEY,
  forward_extremities bigint[] NOT NULL,
  -- The current state; equal to the state after the forward extremities.
  state_nid bigint NOT NULL,
  -- The last position of the log at which the timeline or the state of the room changed.
  last_position bigint NOT NULL
) WITH (fillfactor = 50);

-- Three things apart (D2): the event; its place in the room, (depth, event_nid); and its position in
-- the log, which is its number, and which only events of the timeline have.
CREATE TABLE event (
  event_nid bigint PRIMARY KEY,
  room_nid bigint NOT NULL,
  depth bigint NOT NULL,
  origin_server_ts bigint NOT NULL,
  -- The state before the event (0 is the empty one), and after it. Null for outliers, whose state is
  -- not known.
  state_before bigint,
  state_after bigint,
  -- The event that this one replaced at its key of the state.
  replaces_nid bigint,
  outlier boolean NOT NULL DEFAULT false,
  rejected boolean NOT NULL DEFAULT false,
  soft_failed boolean NOT NULL DEFAULT false,
  backfilled boolean NOT NULL DEFAULT false,
  event_id text NOT NULL UNIQUE,
  type text NOT NULL,
  state_key text,
  sender text NOT NULL,
  -- The device that sent it through this server, for `unsigned.transaction_id`.
  device_id text,
  txn_id text,
  json text NOT NULL
);
CREATE INDEX event_timeline ON event (room_nid, event_nid)
  WHERE NOT (outlier OR rejected OR soft_failed OR backfilled);
CREATE INDEX event_order ON event (room_nid, depth, event_nid)
  WHERE NOT (outlier OR rejected OR soft_failed);

-- Redactions that took effect. A table of its own, so that no batch must update what it inserts.
CREATE TABLE redaction (
  target_nid bigint PRIMARY KEY,
  event_nid bigint NOT NULL
);

-- Pairs of type and state key, interned: of all rooms together, since most are members.
CREATE TABLE state_key (
  key_nid bigint PRIMARY KEY,
  type text NOT NULL,
  state_key text NOT NULL,
  UNIQUE (type, state_key)
);

-- The state at an event, by content: one row per change of state and none per message. A row holds
-- what differs from its base; without a base it is a full snapshot. See server/rooms/state.
CREATE TABLE state (
  state_nid bigint PRIMARY KEY,
  room_nid bigint NOT NULL,
  base_nid bigint,
  -- Sorted pairs of key_nid and event_nid, 6 bytes each; event_nid 0 says that the key is gone.
  entries bytea NOT NULL,
  -- Sum of the hashes of all pairs of the whole state.
  hash bytea NOT NULL,
  UNIQUE (room_nid, hash)
);

CREATE TABLE current_state (
  room_nid bigint NOT NULL,
  key_nid bigint NOT NULL,
  event_nid bigint NOT NULL,
  -- Of m.room.member.
  membership text,
  PRIMARY KEY (room_nid, key_nid)
);

-- Every change of current state, also where resolution made it without a new event.
CREATE TABLE state_change (
  room_nid bigint NOT NULL,
  position bigint NOT NULL,
  key_nid bigint NOT NULL,
  -- Null where the key is gone, or was not there.
  event_nid bigint,
  replaced_nid bigint,
  PRIMARY KEY (room_nid, position)
);

-- The rooms of a user. `position` is that of the current membership event, `since` is where this
-- kind of membership began.
CREATE TABLE membership (
  user_id text NOT NULL,
  room_nid bigint NOT NULL,
  membership text NOT NULL,
  position bigint NOT NULL,
  since bigint NOT NULL,
  forgotten boolean NOT NULL,
  PRIMARY KEY (user_id, room_nid)
);

CREATE TABLE membership_history (
  user_id text NOT NULL,
  room_nid bigint NOT NULL,
  position bigint NOT NULL,
  event_nid bigint NOT NULL,
  membership text NOT NULL,
  PRIMARY KEY (user_id, room_nid, position)
);

CREATE TABLE room_alias (
  alias text PRIMARY KEY,
  room_nid bigint NOT NULL,
  creator text NOT NULL
);
CREATE INDEX room_alias_room ON room_alias (room_nid);
