-- Until when whoever tried a wrong password (a user id, or an address) is owed less than a full bucket of tries: the next writer goes on from there.
CREATE TABLE failed_password (
  who text PRIMARY KEY,
  expires_ms bigint NOT NULL
);
