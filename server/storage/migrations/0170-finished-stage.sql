-- Stages of interactive auth that were finished in a browser, until the client goes on with the session (client-server API, fallback).
CREATE TABLE finished_stage (
  session_id text NOT NULL,
  stage text NOT NULL,
  proof text NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (session_id, stage)
);
CREATE INDEX finished_stage_expires ON finished_stage (expires_ms);
