-- How fast a user may ask for what writes, where an administrator has said so; both 0: as fast as they like. Null: as everybody.
ALTER TABLE account ADD COLUMN messages_per_second bigint, ADD COLUMN burst_count bigint;
