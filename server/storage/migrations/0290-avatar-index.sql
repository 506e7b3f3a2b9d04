-- concurrently
-- Whether a file is somebody's picture.
CREATE INDEX CONCURRENTLY profile_field_avatar ON profile_field (value) WHERE field = 'avatar_url';
