-- Who somebody at an upstream OpenID provider is here. It stays when their account is closed: nobody comes back under another name by it.
CREATE TABLE upstream_identity (
  issuer text NOT NULL,
  subject text NOT NULL,
  user_id text NOT NULL,
  linked_ms bigint NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX upstream_identity_user ON upstream_identity (user_id);

-- Journeys to a provider that have let somebody in, until they would be over anyway: each does it once.
CREATE TABLE ended_sign_in (
  id text PRIMARY KEY,
  expires_ms bigint NOT NULL
);
CREATE INDEX ended_sign_in_expires ON ended_sign_in (expires_ms);
