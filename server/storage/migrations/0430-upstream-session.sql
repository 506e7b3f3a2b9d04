-- By which login at an upstream OpenID provider a device came in, so that the provider can log it out (OpenID Connect Back-Channel Logout).
CREATE TABLE upstream_session (
  user_id text NOT NULL,
  device_id text NOT NULL,
  issuer text NOT NULL,
  subject text NOT NULL,
  -- The provider's name of that login, where it has one.
  sid text,
  PRIMARY KEY (user_id, device_id)
);
CREATE INDEX upstream_session_subject ON upstream_session (issuer, subject);
CREATE INDEX upstream_session_sid ON upstream_session (issuer, sid);

-- The same of who has not used their login token yet.
ALTER TABLE login_token ADD COLUMN issuer text, ADD COLUMN subject text, ADD COLUMN sid text;
