-- How an account stands with the administrators of this server (client-server API, "Account suspension", "Account
-- locking"), and what these have ordered. Null: it is neither suspended nor locked.
ALTER TABLE account ADD COLUMN suspended_ms bigint, ADD COLUMN locked_ms bigint;

CREATE TABLE audit (
  audit_nid bigint PRIMARY KEY,
  at_ms bigint NOT NULL,
  -- A user id; or how somebody without an account proved that they may.
  by text NOT NULL,
  -- The operation, and of whom or what it is.
  action text NOT NULL,
  target text NOT NULL,
  -- JSON: what was asked, without secrets.
  detail text NOT NULL
);
