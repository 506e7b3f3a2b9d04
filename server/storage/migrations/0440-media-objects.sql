-- Content that lies in an object store, under this key; its pieces go then. Null: in media_piece.
ALTER TABLE media ADD COLUMN object_key text;
-- An object that may be there, to be taken away with the pieces.
ALTER TABLE media_gone ADD COLUMN object_key text;
