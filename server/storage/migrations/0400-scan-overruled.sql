-- What was found in it counts for nothing: an administrator has protected the file since.
ALTER TABLE media ADD COLUMN scan_overruled boolean NOT NULL DEFAULT false;
UPDATE media SET scan_overruled = true WHERE protected AND scan_found IS NOT NULL;
