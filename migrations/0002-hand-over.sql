-- The hand-over: which server may still serve addresses that it has lost, and who was told what.

-- Revisions of this generation in which a server lost addresses: those that it has not
-- acknowledged, and the last one that it has.
CREATE TABLE address_losses (
  storage_server_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (storage_server_id, revision)
) STRICT, WITHOUT ROWID;

-- What was lost before this table began is not known: every server counts as having lost then.
INSERT INTO address_losses (storage_server_id, revision)
  SELECT id, (SELECT distributed_revision FROM cluster) FROM storage_servers
  WHERE to_revision IS NULL;

ALTER TABLE storage_servers ADD COLUMN fenced_revision INTEGER;

-- A revision that was refused is refused in its generation alone.
ALTER TABLE deliveries ADD COLUMN parked_generation INTEGER;
UPDATE deliveries SET parked_generation = (SELECT generation FROM cluster)
  WHERE parked_revision IS NOT NULL;
ALTER TABLE deliveries ADD COLUMN told_generation INTEGER;
ALTER TABLE deliveries ADD COLUMN told_settled_revision INTEGER
  CHECK ((told_settled_revision IS NULL) = (told_generation IS NULL));

-- The last figures of load that storage servers have reported.
CREATE TABLE process_loads (
  process_id TEXT PRIMARY KEY,
  c_node_load REAL NOT NULL,
  r_node_load REAL NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
