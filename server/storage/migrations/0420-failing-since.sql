-- Since when another server does not answer: 0 for one that does, and where it is not known (a release before noted it).
ALTER TABLE federation_destination ADD COLUMN failing_since_ms bigint NOT NULL DEFAULT 0;
