-- What a scanner has said of a file: when, and what it has found; found nothing where that is null.
ALTER TABLE media ADD COLUMN scanned_ms bigint;
ALTER TABLE media ADD COLUMN scan_found text;
