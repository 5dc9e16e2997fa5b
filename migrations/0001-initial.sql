-- The state of the cluster and its history.
--
-- A versioned row is valid for revisions r with from_revision <= r < to_revision; a row whose
-- to_revision is NULL is live. So the state at the head, the state at any earlier revision and
-- the difference of two revisions come from the same tables. What a versioned row describes is
-- never changed, only closed. Numbers are integers up to 2^53 - 1, times are milliseconds since
-- 1970. Secrets stand in storage_server_credentials alone, which has no history.

-- "EVKL": tells this program's files from other programs'.
PRAGMA application_id = 0x45564B4C;

CREATE TABLE cluster (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  cluster_id TEXT NOT NULL,
  generation INTEGER NOT NULL CHECK (generation >= 1),
  revision INTEGER NOT NULL CHECK (revision >= 0),
  distributed_revision INTEGER NOT NULL CHECK (distributed_revision <= revision),
  link_assignments_revision INTEGER NOT NULL CHECK (link_assignments_revision <= revision),
  digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;

CREATE TABLE revisions (
  revision INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT,
  kind TEXT NOT NULL,
  a2c_entries INTEGER NOT NULL,
  link_assignments INTEGER NOT NULL,
  moved_addresses INTEGER NOT NULL,
  -- The distributed head as of this revision.
  distributed_revision INTEGER NOT NULL CHECK (distributed_revision <= revision),
  converged_at INTEGER
) STRICT;

CREATE INDEX revisions_unconverged ON revisions (revision)
  WHERE converged_at IS NULL AND distributed_revision = revision;

CREATE TABLE storage_servers (
  id TEXT NOT NULL,
  from_revision INTEGER NOT NULL,
  to_revision INTEGER CHECK (to_revision > from_revision),
  callback_url TEXT,
  labels TEXT CHECK (json_valid(labels)),
  state TEXT NOT NULL,
  registered_revision INTEGER NOT NULL,
  revision INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX storage_servers_live ON storage_servers (id) WHERE to_revision IS NULL;
CREATE INDEX storage_servers_opened ON storage_servers (from_revision);
CREATE INDEX storage_servers_closed ON storage_servers (to_revision) WHERE to_revision IS NOT NULL;

CREATE TABLE processes (
  id TEXT NOT NULL,
  from_revision INTEGER NOT NULL,
  to_revision INTEGER CHECK (to_revision > from_revision),
  storage_server_id TEXT NOT NULL,
  r_node_id TEXT NOT NULL,
  c_node_id TEXT NOT NULL,
  d_node_id TEXT,
  weight_milli INTEGER NOT NULL,
  state TEXT NOT NULL,
  revision INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX processes_live ON processes (id) WHERE to_revision IS NULL;
CREATE INDEX processes_opened ON processes (from_revision);
CREATE INDEX processes_closed ON processes (to_revision) WHERE to_revision IS NOT NULL;

CREATE TABLE links (
  id TEXT NOT NULL,
  from_revision INTEGER NOT NULL,
  to_revision INTEGER CHECK (to_revision > from_revision),
  remote_address TEXT,
  remote_port INTEGER,
  local_address TEXT,
  labels TEXT CHECK (json_valid(labels)),
  storage_server_id TEXT,
  state TEXT NOT NULL,
  revision INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX links_live ON links (id) WHERE to_revision IS NULL;
CREATE INDEX links_opened ON links (from_revision);
CREATE INDEX links_closed ON links (to_revision) WHERE to_revision IS NOT NULL;

CREATE TABLE link_assignments (
  link_id TEXT NOT NULL,
  from_revision INTEGER NOT NULL,
  to_revision INTEGER CHECK (to_revision > from_revision),
  r_node_id TEXT NOT NULL,
  remote_address TEXT,
  remote_port INTEGER,
  revision INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX link_assignments_live ON link_assignments (link_id) WHERE to_revision IS NULL;
CREATE INDEX link_assignments_opened ON link_assignments (from_revision);
CREATE INDEX link_assignments_closed ON link_assignments (to_revision)
  WHERE to_revision IS NOT NULL;

CREATE TABLE volumes (
  id TEXT NOT NULL,
  from_revision INTEGER NOT NULL,
  to_revision INTEGER CHECK (to_revision > from_revision),
  block_count INTEGER NOT NULL,
  extent_blocks INTEGER NOT NULL,
  created_revision INTEGER NOT NULL,
  revision INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX volumes_live ON volumes (id) WHERE to_revision IS NULL;
CREATE INDEX volumes_opened ON volumes (from_revision);
CREATE INDEX volumes_closed ON volumes (to_revision) WHERE to_revision IS NOT NULL;

-- The A2C table: a million rows are usual, so it has a rowid (small index entries) and no more
-- indexes than the load, the close, the delta and the history of a revision need.
CREATE TABLE a2c_entries (
  volume_id TEXT NOT NULL,
  first_lba INTEGER NOT NULL,
  last_lba INTEGER NOT NULL CHECK (last_lba >= first_lba),
  c_node_id TEXT NOT NULL,
  from_revision INTEGER NOT NULL,
  to_revision INTEGER CHECK (to_revision > from_revision)
) STRICT;

CREATE UNIQUE INDEX a2c_entries_live ON a2c_entries (volume_id, first_lba)
  WHERE to_revision IS NULL;
CREATE INDEX a2c_entries_opened ON a2c_entries (from_revision);
CREATE INDEX a2c_entries_closed ON a2c_entries (to_revision) WHERE to_revision IS NOT NULL;

CREATE TABLE settings (
  from_revision INTEGER PRIMARY KEY,
  to_revision INTEGER CHECK (to_revision > from_revision),
  replication_cost_micro INTEGER,
  revision INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX settings_live ON settings ((to_revision IS NULL)) WHERE to_revision IS NULL;

CREATE TABLE storage_server_credentials (
  storage_server_id TEXT PRIMARY KEY,
  signing_secret TEXT NOT NULL,
  previous_secret TEXT,
  previous_secret_until INTEGER,
  token_sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
  storage_server_id TEXT PRIMARY KEY,
  registered_revision INTEGER NOT NULL,
  mode TEXT NOT NULL,
  acked_generation INTEGER,
  acked_revision INTEGER CHECK ((acked_revision IS NULL) = (acked_generation IS NULL)),
  since INTEGER NOT NULL,
  last_attempt_at INTEGER,
  last_error TEXT,
  consecutive_failures INTEGER NOT NULL,
  failing_since INTEGER,
  next_attempt_at INTEGER,
  last_seen_at INTEGER,
  parked_revision INTEGER,
  snapshot_needed INTEGER NOT NULL CHECK (snapshot_needed IN (0, 1))
) STRICT, WITHOUT ROWID;

-- `number` stands for the id in the moves, of which there may be a million.
CREATE TABLE rebalances (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  document TEXT NOT NULL CHECK (json_valid(document)),
  move_count INTEGER NOT NULL
) STRICT;

CREATE TABLE rebalance_moves (
  rebalance INTEGER NOT NULL REFERENCES rebalances (number) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  volume_id TEXT NOT NULL,
  first_lba INTEGER NOT NULL,
  last_lba INTEGER NOT NULL CHECK (last_lba >= first_lba),
  from_c_node_id TEXT NOT NULL,
  to_c_node_id TEXT NOT NULL,
  PRIMARY KEY (rebalance, position)
) STRICT, WITHOUT ROWID;
