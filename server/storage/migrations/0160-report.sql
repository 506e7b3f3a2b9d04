-- What users report to whoever runs the server (Reporting content). Of a room, an event of it, or a user.
CREATE TABLE report (
  report_id bigint PRIMARY KEY,
  reporter text NOT NULL,
  reported_ms bigint NOT NULL,
  room_id text,
  event_id text,
  user_id text,
  reason text NOT NULL
);
