-- Addresses by which accounts are known (client-server API, third-party identifiers): folded, so each is there once.
CREATE TABLE third_party_id (
  medium text NOT NULL,
  address text NOT NULL,
  user_id text NOT NULL,
  validated_ms bigint NOT NULL,
  added_ms bigint NOT NULL,
  PRIMARY KEY (medium, address)
);
CREATE INDEX third_party_id_user ON third_party_id (user_id);

-- Addresses that somebody says are theirs, until it is found out and used. The token in the mail is not here: it is made of the sid.
CREATE TABLE validation (
  sid text PRIMARY KEY,
  -- SHA-256 of purpose, client secret and address.
  asked_for bytea NOT NULL,
  secret_hash bytea NOT NULL,
  purpose text NOT NULL,
  address text NOT NULL,
  send_attempt bigint NOT NULL,
  next_link text,
  validated_ms bigint,
  expires_ms bigint NOT NULL
);
CREATE INDEX validation_asked_for ON validation (asked_for);
CREATE INDEX validation_expires ON validation (expires_ms);

-- E-mails, committed with what they tell of and sent behind it, at least once: server/mail. Those that are done are kept for a while, to be counted.
CREATE TABLE mail (
  id text PRIMARY KEY,
  recipient text NOT NULL,
  kind text NOT NULL,
  about text NOT NULL,
  created_ms bigint NOT NULL,
  tries integer NOT NULL,
  next_try_ms bigint NOT NULL,
  done_ms bigint,
  expires_ms bigint NOT NULL
);
CREATE INDEX mail_due ON mail (next_try_ms) WHERE done_ms IS NULL;
CREATE INDEX mail_recipient ON mail (recipient, created_ms);
CREATE INDEX mail_expires ON mail (expires_ms);
