-- What end-to-end encryption needs of a server: public keys, and mail between devices.

CREATE TABLE device_keys (
  user_id text NOT NULL,
  device_id text NOT NULL,
  -- As the device signed it.
  json text NOT NULL,
  PRIMARY KEY (user_id, device_id)
);

CREATE TABLE one_time_key (
  user_id text NOT NULL,
  device_id text NOT NULL,
  algorithm text NOT NULL,
  key_id text NOT NULL,
  json text NOT NULL,
  -- Of the upload: the oldest is claimed first.
  position bigint NOT NULL,
  PRIMARY KEY (user_id, device_id, algorithm, key_id)
);

-- Given out when there is no one-time key left, again and again until the device brings another.
CREATE TABLE fallback_key (
  user_id text NOT NULL,
  device_id text NOT NULL,
  algorithm text NOT NULL,
  key_id text NOT NULL,
  json text NOT NULL,
  used boolean NOT NULL,
  PRIMARY KEY (user_id, device_id, algorithm)
);

CREATE TABLE cross_signing_key (
  user_id text NOT NULL,
  usage text NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (user_id, usage)
);

-- Signatures that came after the key, by POST /keys/signatures/upload. A device's key goes by its
-- device id, a cross-signing key by its public key, as in that request.
CREATE TABLE key_signature (
  target_user_id text NOT NULL,
  target_key_id text NOT NULL,
  signer_user_id text NOT NULL,
  signer_key_id text NOT NULL,
  signature text NOT NULL,
  -- What others sign of someone's keys only they are told of, so it has its own place in the log.
  position bigint NOT NULL,
  PRIMARY KEY (target_user_id, target_key_id, signer_user_id, signer_key_id)
);
CREATE INDEX key_signature_changes ON key_signature (signer_user_id, position);

-- Where others last had reason to ask for the user's keys again.
CREATE TABLE device_list (
  user_id text PRIMARY KEY,
  position bigint NOT NULL
);
CREATE INDEX device_list_position ON device_list (position);

-- Mail that has not been fetched. `json` is the event as /sync gives it out.
CREATE TABLE to_device (
  position bigint PRIMARY KEY,
  user_id text NOT NULL,
  device_id text NOT NULL,
  json text NOT NULL
);
CREATE INDEX to_device_inbox ON to_device (user_id, device_id, position);
