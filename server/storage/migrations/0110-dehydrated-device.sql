-- A user's dehydrated device (MSC3814): it is a device as others are, which nobody is logged in on. Its secrets are in
-- device_data, encrypted by the client, so that the next one can read what came for it.
CREATE TABLE dehydrated_device (
  user_id text PRIMARY KEY,
  device_id text NOT NULL,
  -- JSON.
  device_data text NOT NULL
);
