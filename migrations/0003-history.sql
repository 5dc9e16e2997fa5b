-- Older revisions: tables as they were.

-- Revisions below the floor can't be read any more.
ALTER TABLE cluster ADD COLUMN floor_revision INTEGER NOT NULL DEFAULT 0;

-- The head's figures as of each revision. A generation's number follows from when it began; the
-- digests of revisions that stand already are filled in when the store is opened.
ALTER TABLE revisions ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE revisions ADD COLUMN digest BLOB CHECK (length(digest) = 32);
UPDATE revisions SET generation = coalesce(
  (SELECT max(start.at / 1000) FROM revisions AS start
   WHERE start.kind = 'start-generation' AND start.revision <= revisions.revision), 1)
  WHERE EXISTS (SELECT 1 FROM revisions WHERE kind = 'start-generation');

-- A volume's map at an older revision is read in address order and in pages: live rows by the
-- index that they have, the others by this one. Both revisions stand in it, so that versions that
-- do not count are passed over without a look at the row. Only closed rows pay for it, some 45
-- bytes each and one more entry when a row is closed; a first map of a million rows does not.
CREATE INDEX a2c_entries_past ON a2c_entries (volume_id, first_lba, to_revision, from_revision)
  WHERE to_revision IS NOT NULL;

-- Who owned an address before: the row that a revision closed there is one seek away, whatever
-- else that revision closed. The index held `to_revision` alone; the two columns more cost a
-- closed row some 20 bytes.
DROP INDEX a2c_entries_closed;
CREATE INDEX a2c_entries_closed ON a2c_entries (to_revision, volume_id, first_lba)
  WHERE to_revision IS NOT NULL;

-- Which process hosted a C-node then; processes change rarely.
CREATE INDEX processes_hosting ON processes (c_node_id, from_revision);

-- How much the history takes, so that it can be kept to a size: for each revision, about how many
-- bytes its heading and the rows that it closed take, and the sum from the floor on. The figures
-- are those of src/store/sqlite/history-bytes.ts.
ALTER TABLE cluster ADD COLUMN history_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revisions ADD COLUMN history_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE revisions SET history_bytes = 200
  + 160 * (SELECT count(*) FROM a2c_entries WHERE to_revision = revisions.revision)
  + 240 * (SELECT count(*) FROM storage_servers WHERE to_revision = revisions.revision)
  + 240 * (SELECT count(*) FROM processes WHERE to_revision = revisions.revision)
  + 240 * (SELECT count(*) FROM links WHERE to_revision = revisions.revision)
  + 240 * (SELECT count(*) FROM link_assignments WHERE to_revision = revisions.revision)
  + 240 * (SELECT count(*) FROM volumes WHERE to_revision = revisions.revision);
UPDATE cluster SET history_bytes = (SELECT coalesce(sum(history_bytes), 0) FROM revisions);
