-- The sum of migrations/, made by `npm run generate`. Reasons are in the migrations.

CREATE TABLE access_token (
  token_id bigint NOT NULL,
  user_id text NOT NULL,
  device_id text NOT NULL,
  access_hash bytea NOT NULL,
  access_expires_ms bigint,
  refresh_hash bytea,
  replaces_id bigint,
  UNIQUE (access_hash),
  UNIQUE (refresh_hash),
  PRIMARY KEY (token_id)
);

CREATE TABLE account (
  user_id text NOT NULL,
  password_hash text,
  guest boolean NOT NULL,
  admin boolean NOT NULL,
  created_ms bigint NOT NULL,
  deactivated_ms bigint,
  suspended_ms bigint,
  locked_ms bigint,
  messages_per_second bigint,
  burst_count bigint,
  in_directory boolean NOT NULL DEFAULT false,
  PRIMARY KEY (user_id)
);

CREATE TABLE account_data (
  user_id text NOT NULL,
  room_id text NOT NULL,
  type text NOT NULL,
  content text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (user_id, room_id, type)
);

CREATE TABLE audit (
  audit_nid bigint NOT NULL,
  at_ms bigint NOT NULL,
  by text NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  detail text NOT NULL,
  PRIMARY KEY (audit_nid)
);

CREATE TABLE awaited_redaction (
  room_nid bigint NOT NULL,
  target_id text NOT NULL,
  event_nid bigint NOT NULL,
  PRIMARY KEY (room_nid, target_id, event_nid)
);

CREATE TABLE blocked_room (
  room_id text NOT NULL,
  blocked_by text NOT NULL,
  PRIMARY KEY (room_id)
);

CREATE TABLE cross_signing_key (
  user_id text NOT NULL,
  usage text NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (user_id, usage)
);

CREATE TABLE current_state (
  room_nid bigint NOT NULL,
  key_nid bigint NOT NULL,
  event_nid bigint NOT NULL,
  membership text,
  PRIMARY KEY (room_nid, key_nid)
);

CREATE TABLE dehydrated_device (
  user_id text NOT NULL,
  device_id text NOT NULL,
  device_data text NOT NULL,
  PRIMARY KEY (user_id)
);

CREATE TABLE delayed_event (
  delay_id text NOT NULL,
  user_id text NOT NULL,
  room_id text NOT NULL,
  type text NOT NULL,
  state_key text,
  content text NOT NULL,
  delay_ms bigint NOT NULL,
  since_ms bigint NOT NULL,
  finalised_ms bigint,
  event_id text,
  error text,
  PRIMARY KEY (delay_id)
);

CREATE TABLE deleted_room (
  room_nid bigint NOT NULL,
  room_id text NOT NULL,
  position bigint NOT NULL,
  deleted_ms bigint NOT NULL,
  UNIQUE (room_id),
  PRIMARY KEY (room_nid)
);

CREATE TABLE device (
  user_id text NOT NULL,
  device_id text NOT NULL,
  display_name text,
  created_ms bigint NOT NULL,
  last_seen_ms bigint,
  last_seen_address text,
  last_seen_user_agent text,
  PRIMARY KEY (user_id, device_id)
);

CREATE TABLE device_keys (
  user_id text NOT NULL,
  device_id text NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (user_id, device_id)
);

CREATE TABLE device_list (
  user_id text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (user_id)
);

CREATE TABLE ended_sign_in (
  id text NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE epoch (
  epoch bigint NOT NULL,
  begins_after bigint NOT NULL,
  began_at timestamp with time zone NOT NULL DEFAULT now(),
  PRIMARY KEY (epoch)
);

CREATE TABLE erasure (
  user_id text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (user_id)
);

CREATE TABLE event (
  event_nid bigint NOT NULL,
  room_nid bigint NOT NULL,
  depth bigint NOT NULL,
  origin_server_ts bigint NOT NULL,
  state_before bigint,
  state_after bigint,
  replaces_nid bigint,
  outlier boolean NOT NULL DEFAULT false,
  rejected boolean NOT NULL DEFAULT false,
  soft_failed boolean NOT NULL DEFAULT false,
  backfilled boolean NOT NULL DEFAULT false,
  event_id text NOT NULL,
  type text NOT NULL,
  state_key text,
  sender text NOT NULL,
  device_id text,
  txn_id text,
  json text NOT NULL,
  position bigint,
  UNIQUE (event_id),
  PRIMARY KEY (event_nid)
);

CREATE TABLE failed_password (
  who text NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (who)
);

CREATE TABLE fallback_key (
  user_id text NOT NULL,
  device_id text NOT NULL,
  algorithm text NOT NULL,
  key_id text NOT NULL,
  json text NOT NULL,
  used boolean NOT NULL,
  PRIMARY KEY (user_id, device_id, algorithm)
);

CREATE TABLE federation_backlog (
  server_name text NOT NULL,
  room_nid bigint NOT NULL,
  after_position bigint NOT NULL,
  PRIMARY KEY (server_name, room_nid)
);

CREATE TABLE federation_destination (
  server_name text NOT NULL,
  failures integer NOT NULL,
  retry_at_ms bigint NOT NULL,
  active_ms bigint NOT NULL,
  failing_since_ms bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (server_name)
);

CREATE TABLE federation_message (
  server_name text NOT NULL,
  message_id text NOT NULL,
  taken_ms bigint NOT NULL,
  PRIMARY KEY (server_name, message_id)
);

CREATE TABLE federation_outbox (
  server_name text NOT NULL,
  key text NOT NULL,
  position bigint NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (server_name, key)
);

CREATE TABLE federation_passed_on (
  event_id text NOT NULL,
  room_nid bigint NOT NULL,
  PRIMARY KEY (event_id)
);

CREATE TABLE federation_unknown_room (
  room_id text NOT NULL,
  server_name text NOT NULL,
  seen_ms bigint NOT NULL,
  PRIMARY KEY (room_id, server_name)
);

CREATE TABLE filter (
  user_id text NOT NULL,
  filter_id text NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (user_id, filter_id)
);

CREATE TABLE finished_stage (
  session_id text NOT NULL,
  stage text NOT NULL,
  proof text NOT NULL,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (session_id, stage)
);

CREATE TABLE held_pdu (
  room_nid bigint NOT NULL,
  event_id text NOT NULL,
  held_nid bigint NOT NULL,
  server_name text NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (room_nid, event_id)
);

CREATE TABLE key_backup (
  user_id text NOT NULL,
  version bigint NOT NULL,
  algorithm text NOT NULL,
  auth_data text NOT NULL,
  etag bigint NOT NULL,
  count bigint NOT NULL,
  bytes bigint NOT NULL,
  deleted boolean NOT NULL,
  PRIMARY KEY (user_id, version)
);

CREATE TABLE key_backup_key (
  user_id text NOT NULL,
  version bigint NOT NULL,
  room_id text NOT NULL,
  session_id text NOT NULL,
  first_message_index bigint NOT NULL,
  forwarded_count bigint NOT NULL,
  is_verified boolean NOT NULL,
  session_data text NOT NULL,
  PRIMARY KEY (user_id, version, room_id, session_id)
);

CREATE TABLE key_signature (
  target_user_id text NOT NULL,
  target_key_id text NOT NULL,
  signer_user_id text NOT NULL,
  signer_key_id text NOT NULL,
  signature text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (target_user_id, target_key_id, signer_user_id, signer_key_id)
);

CREATE TABLE log (
  position bigint NOT NULL,
  kind text NOT NULL,
  version integer NOT NULL,
  payload text NOT NULL,
  at timestamp with time zone NOT NULL DEFAULT now(),
  PRIMARY KEY ("position")
);

CREATE TABLE log_clock (
  only_row boolean NOT NULL DEFAULT true,
  at timestamp with time zone NOT NULL,
  PRIMARY KEY (only_row),
  CHECK (only_row)
);

CREATE TABLE log_head (
  only_row boolean NOT NULL DEFAULT true,
  epoch bigint NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (only_row),
  CHECK (only_row)
);

CREATE TABLE login_token (
  token_hash bytea NOT NULL,
  user_id text NOT NULL,
  expires_ms bigint NOT NULL,
  issuer text,
  subject text,
  sid text,
  PRIMARY KEY (token_hash)
);

CREATE TABLE long_order (
  order_id text NOT NULL,
  kind text NOT NULL,
  target text NOT NULL,
  by text NOT NULL,
  asked text NOT NULL,
  told text NOT NULL,
  status text NOT NULL,
  expires_ms bigint,
  PRIMARY KEY (order_id)
);

CREATE TABLE mail (
  id text NOT NULL,
  recipient text NOT NULL,
  kind text NOT NULL,
  about text NOT NULL,
  created_ms bigint NOT NULL,
  tries integer NOT NULL,
  next_try_ms bigint NOT NULL,
  done_ms bigint,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE media (
  media_id text NOT NULL,
  user_id text NOT NULL,
  created_ms bigint NOT NULL,
  expires_ms bigint,
  upload_nid bigint,
  bytes bigint,
  content_type text,
  file_name text,
  sha256 bytea,
  quarantined_by text,
  protected boolean NOT NULL DEFAULT false,
  scanned_ms bigint,
  scan_found text,
  scan_overruled boolean NOT NULL DEFAULT false,
  object_key text,
  PRIMARY KEY (media_id)
);

CREATE TABLE media_access (
  media_id text NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY (media_id)
);

CREATE TABLE media_gone (
  upload_nid bigint NOT NULL,
  media_id text NOT NULL,
  object_key text,
  PRIMARY KEY (upload_nid)
);

CREATE TABLE media_piece (
  upload_nid bigint NOT NULL,
  begins_at bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (upload_nid, begins_at)
);

CREATE TABLE media_upload (
  upload_nid bigint NOT NULL,
  PRIMARY KEY (upload_nid)
);

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
  PRIMARY KEY (user_id, room_nid, "position")
);

CREATE TABLE migration (
  number integer NOT NULL,
  name text NOT NULL,
  PRIMARY KEY (number)
);

CREATE TABLE network_room (
  room_nid bigint NOT NULL,
  instance_id text NOT NULL,
  PRIMARY KEY (room_nid, instance_id)
);

CREATE TABLE one_time_key (
  user_id text NOT NULL,
  device_id text NOT NULL,
  algorithm text NOT NULL,
  key_id text NOT NULL,
  json text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (user_id, device_id, algorithm, key_id)
);

CREATE TABLE outcome (
  key bytea NOT NULL,
  status integer NOT NULL,
  body bytea NOT NULL,
  secret boolean NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  PRIMARY KEY (key)
);

CREATE TABLE outward_cursor (
  name text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (name)
);

CREATE TABLE partial_join (
  room_nid bigint NOT NULL,
  event_nid bigint NOT NULL,
  server_name text NOT NULL,
  servers text NOT NULL,
  whole_at bigint,
  PRIMARY KEY (room_nid)
);

CREATE TABLE profile_field (
  user_id text NOT NULL,
  field text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (user_id, field)
);

CREATE TABLE pusher (
  user_id text NOT NULL,
  app_id text NOT NULL,
  pushkey text NOT NULL,
  device_id text NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (user_id, app_id, pushkey)
);

CREATE TABLE receipt (
  user_id text NOT NULL,
  room_id text NOT NULL,
  receipt_type text NOT NULL,
  thread_id text NOT NULL,
  event_id text NOT NULL,
  event_position bigint,
  ts bigint NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (user_id, room_id, receipt_type, thread_id)
);

CREATE TABLE redaction (
  target_nid bigint NOT NULL,
  event_nid bigint NOT NULL,
  PRIMARY KEY (target_nid)
);

CREATE TABLE registration_token (
  token text NOT NULL,
  uses_allowed integer,
  uses_completed integer NOT NULL,
  expires_ms bigint,
  created_ms bigint NOT NULL,
  PRIMARY KEY (token)
);

CREATE TABLE relation (
  room_nid bigint NOT NULL,
  target_id text NOT NULL,
  rel_type text NOT NULL,
  depth bigint NOT NULL,
  event_nid bigint NOT NULL,
  type text NOT NULL,
  sender text NOT NULL,
  edit_ts bigint,
  PRIMARY KEY (room_nid, target_id, rel_type, depth, event_nid)
);

CREATE TABLE relation_fill (
  filled_up_to bigint NOT NULL,
  rooms_up_to bigint NOT NULL
);

CREATE TABLE report (
  report_id bigint NOT NULL,
  reporter text NOT NULL,
  reported_ms bigint NOT NULL,
  room_id text,
  event_id text,
  user_id text,
  reason text NOT NULL,
  PRIMARY KEY (report_id)
);

CREATE TABLE room (
  room_nid bigint NOT NULL,
  room_id text NOT NULL,
  version text NOT NULL,
  published boolean NOT NULL,
  UNIQUE (room_id),
  PRIMARY KEY (room_nid)
);

CREATE TABLE room_alias (
  alias text NOT NULL,
  room_nid bigint NOT NULL,
  creator text NOT NULL,
  PRIMARY KEY (alias)
);

CREATE TABLE room_head (
  room_nid bigint NOT NULL,
  forward_extremities bigint[] NOT NULL,
  state_nid bigint NOT NULL,
  last_position bigint NOT NULL,
  PRIMARY KEY (room_nid)
);

CREATE TABLE schema_state (
  only_row boolean NOT NULL DEFAULT true,
  version integer NOT NULL,
  oldest_server integer NOT NULL,
  PRIMARY KEY (only_row),
  CHECK (only_row)
);

CREATE TABLE search_document (
  event_nid bigint NOT NULL,
  room_nid bigint NOT NULL,
  key text NOT NULL,
  words tsvector NOT NULL,
  PRIMARY KEY (event_nid)
);

CREATE TABLE search_index (
  only_row boolean NOT NULL DEFAULT true,
  languages text NOT NULL,
  PRIMARY KEY (only_row),
  CHECK (only_row)
);

CREATE TABLE server_identity (
  only_row boolean NOT NULL DEFAULT true,
  server_name text NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (only_row),
  CHECK (only_row)
);

CREATE TABLE server_key (
  server_name text NOT NULL,
  key_id text NOT NULL,
  json text NOT NULL,
  valid_until_ms bigint NOT NULL,
  fetched_ms bigint NOT NULL,
  PRIMARY KEY (server_name, key_id)
);

CREATE TABLE state (
  state_nid bigint NOT NULL,
  room_nid bigint NOT NULL,
  base_nid bigint,
  entries bytea NOT NULL,
  hash bytea NOT NULL,
  UNIQUE (room_nid, hash),
  PRIMARY KEY (state_nid)
);

CREATE TABLE state_change (
  room_nid bigint NOT NULL,
  position bigint NOT NULL,
  key_nid bigint NOT NULL,
  event_nid bigint,
  replaced_nid bigint,
  PRIMARY KEY (room_nid, "position")
);

CREATE TABLE state_key (
  key_nid bigint NOT NULL,
  type text NOT NULL,
  state_key text NOT NULL,
  UNIQUE (type, state_key),
  PRIMARY KEY (key_nid)
);

CREATE TABLE third_party_id (
  medium text NOT NULL,
  address text NOT NULL,
  user_id text NOT NULL,
  validated_ms bigint NOT NULL,
  added_ms bigint NOT NULL,
  PRIMARY KEY (medium, address)
);

CREATE TABLE thread (
  room_nid bigint NOT NULL,
  root_id text NOT NULL,
  latest_depth bigint NOT NULL,
  latest_nid bigint NOT NULL,
  PRIMARY KEY (room_nid, root_id)
);

CREATE TABLE timeline_gap (
  room_nid bigint NOT NULL,
  event_nid bigint NOT NULL,
  PRIMARY KEY (room_nid, event_nid)
);

CREATE TABLE to_device (
  position bigint NOT NULL,
  user_id text NOT NULL,
  device_id text NOT NULL,
  json text NOT NULL,
  PRIMARY KEY ("position")
);

CREATE TABLE told_outside (
  room_nid bigint NOT NULL,
  user_id text NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (room_nid, user_id)
);

CREATE TABLE upstream_identity (
  issuer text NOT NULL,
  subject text NOT NULL,
  user_id text NOT NULL,
  linked_ms bigint NOT NULL,
  PRIMARY KEY (issuer, subject)
);

CREATE TABLE upstream_session (
  user_id text NOT NULL,
  device_id text NOT NULL,
  issuer text NOT NULL,
  subject text NOT NULL,
  sid text,
  PRIMARY KEY (user_id, device_id)
);

CREATE TABLE validation (
  sid text NOT NULL,
  asked_for bytea NOT NULL,
  secret_hash bytea NOT NULL,
  purpose text NOT NULL,
  address text NOT NULL,
  send_attempt bigint NOT NULL,
  next_link text,
  validated_ms bigint,
  expires_ms bigint NOT NULL,
  PRIMARY KEY (sid)
);

CREATE INDEX access_token_device ON access_token USING btree (user_id, device_id);
CREATE INDEX account_data_changes ON account_data USING btree (user_id, "position");
CREATE INDEX delayed_event_finalised ON delayed_event USING btree (user_id, finalised_ms) WHERE (finalised_ms IS NOT NULL);
CREATE INDEX delayed_event_scheduled ON delayed_event USING btree (user_id) WHERE (finalised_ms IS NULL);
CREATE INDEX device_list_position ON device_list USING btree ("position");
CREATE INDEX ended_sign_in_expires ON ended_sign_in USING btree (expires_ms);
CREATE INDEX event_late ON event USING btree (room_nid, "position") WHERE ("position" <> event_nid);
CREATE INDEX event_order ON event USING btree (room_nid, depth, event_nid) WHERE (NOT (outlier OR rejected OR soft_failed));
CREATE INDEX event_timeline ON event USING btree (room_nid, event_nid) WHERE (NOT (outlier OR rejected OR soft_failed OR backfilled));
CREATE INDEX event_ts ON event USING btree (room_nid, origin_server_ts);
CREATE INDEX federation_message_age ON federation_message USING btree (taken_ms);
CREATE INDEX federation_message_order ON federation_message USING btree (server_name, taken_ms);
CREATE INDEX federation_outbox_order ON federation_outbox USING btree (server_name, "position");
CREATE INDEX federation_passed_on_room ON federation_passed_on USING btree (room_nid);
CREATE INDEX finished_stage_expires ON finished_stage USING btree (expires_ms);
CREATE INDEX key_signature_changes ON key_signature USING btree (signer_user_id, "position");
CREATE INDEX login_token_user ON login_token USING btree (user_id);
CREATE INDEX long_order_target ON long_order USING btree (target);
CREATE INDEX mail_due ON mail USING btree (next_try_ms) WHERE (done_ms IS NULL);
CREATE INDEX mail_expires ON mail USING btree (expires_ms);
CREATE INDEX mail_recipient ON mail USING btree (recipient, created_ms);
CREATE INDEX media_in_objects ON media USING btree (media_id) WHERE (object_key IS NOT NULL);
CREATE INDEX media_in_pieces ON media USING btree (media_id) WHERE ((upload_nid IS NOT NULL) AND (object_key IS NULL));
CREATE INDEX media_of_user ON media USING btree (user_id) INCLUDE (bytes);
CREATE INDEX media_without_content ON media USING btree (user_id, expires_ms) WHERE (upload_nid IS NULL);
CREATE INDEX outcome_expiry ON outcome USING btree (expires_at);
CREATE INDEX profile_field_avatar ON profile_field USING btree (value) WHERE (field = 'avatar_url'::text);
CREATE INDEX receipt_room ON receipt USING btree (room_id, "position");
CREATE INDEX relation_recent ON relation USING btree (room_nid, event_nid) WHERE (rel_type = ANY (ARRAY['m.thread'::text, 'm.replace'::text, 'm.reference'::text]));
CREATE INDEX relation_thread ON relation USING btree (room_nid, target_id, sender, event_nid) WHERE (rel_type = 'm.thread'::text);
CREATE INDEX room_published ON room USING btree (room_id) WHERE published;
CREATE INDEX room_alias_room ON room_alias USING btree (room_nid);
CREATE INDEX search_document_words ON search_document USING gin (words) WITH (gin_pending_list_limit='256');
CREATE INDEX server_key_fetched ON server_key USING btree (fetched_ms);
CREATE INDEX third_party_id_user ON third_party_id USING btree (user_id);
CREATE INDEX thread_order ON thread USING btree (room_nid, latest_depth, latest_nid);
CREATE INDEX to_device_inbox ON to_device USING btree (user_id, device_id, "position");
CREATE INDEX upstream_identity_user ON upstream_identity USING btree (user_id);
CREATE INDEX upstream_session_sid ON upstream_session USING btree (issuer, sid);
CREATE INDEX upstream_session_subject ON upstream_session USING btree (issuer, subject);
CREATE INDEX validation_asked_for ON validation USING btree (asked_for);
CREATE INDEX validation_expires ON validation USING btree (expires_ms);
