-- The state of the cluster and its history, as migrations 1 to 7 of SQLite leave them.
--
-- A versioned row is valid for revisions r with from_revision <= r < to_revision; a row whose
-- to_revision is NULL is live. Numbers are integers up to 2^53 - 1 in INT8, times are milliseconds
-- since 1970, texts that are compared sort by their bytes. Documents are kept as the text that
-- was written. Secrets stand in storage_server_credentials alone, which has no history.
--
-- Only what CockroachDB and YugabyteDB have too; every table has a key, for replication by rows.

-- Whoever appends locks this row first, so revisions come one after another.
CREATE TABLE cluster (
  id INT8 PRIMARY KEY CHECK (id = 1),
  cluster_id TEXT NOT NULL,
  generation INT8 NOT NULL CHECK (generation >= 1),
  revision INT8 NOT NULL CHECK (revision >= 0),
  distributed_revision INT8 NOT NULL CHECK (distributed_revision <= revision),
  link_assignments_revision INT8 NOT NULL CHECK (link_assignments_revision <= revision),
  digest BYTEA NOT NULL CHECK (length(digest) = 32),
  -- Revisions below the floor can't be read any more.
  floor_revision INT8 NOT NULL DEFAULT 0,
  history_bytes INT8 NOT NULL DEFAULT 0
);

CREATE TABLE revisions (
  revision INT8 PRIMARY KEY,
  at INT8 NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT,
  kind TEXT NOT NULL,
  a2c_entries INT8 NOT NULL,
  link_assignments INT8 NOT NULL,
  moved_addresses INT8 NOT NULL,
  distributed_revision INT8 NOT NULL CHECK (distributed_revision <= revision),
  converged_at INT8,
  generation INT8 NOT NULL,
  digest BYTEA NOT NULL CHECK (length(digest) = 32),
  history_bytes INT8 NOT NULL,
  -- Which append wrote it: tells one whose answer was lost from another one.
  append_id TEXT NOT NULL
);

CREATE INDEX revisions_unconverged ON revisions (revision)
  WHERE converged_at IS NULL AND distributed_revision = revision;

CREATE TABLE storage_servers (
  id TEXT COLLATE "C" NOT NULL,
  from_revision INT8 NOT NULL,
  to_revision INT8 CHECK (to_revision > from_revision),
  callback_url TEXT,
  labels TEXT,
  state TEXT NOT NULL,
  registered_revision INT8 NOT NULL,
  fenced_revision INT8,
  revision INT8 NOT NULL,
  PRIMARY KEY (id, from_revision)
);

CREATE UNIQUE INDEX storage_servers_live ON storage_servers (id) WHERE to_revision IS NULL;
CREATE INDEX storage_servers_opened ON storage_servers (from_revision);
CREATE INDEX storage_servers_closed ON storage_servers (to_revision, id)
  WHERE to_revision IS NOT NULL;

CREATE TABLE processes (
  id TEXT COLLATE "C" NOT NULL,
  from_revision INT8 NOT NULL,
  to_revision INT8 CHECK (to_revision > from_revision),
  storage_server_id TEXT NOT NULL,
  r_node_id TEXT NOT NULL,
  c_node_id TEXT COLLATE "C" NOT NULL,
  d_node_id TEXT,
  weight_milli INT8 NOT NULL,
  state TEXT NOT NULL,
  revision INT8 NOT NULL,
  PRIMARY KEY (id, from_revision)
);

CREATE UNIQUE INDEX processes_live ON processes (id) WHERE to_revision IS NULL;
CREATE INDEX processes_opened ON processes (from_revision);
CREATE INDEX processes_closed ON processes (to_revision, id) WHERE to_revision IS NOT NULL;
CREATE INDEX processes_hosting ON processes (c_node_id, from_revision);

CREATE TABLE links (
  id TEXT COLLATE "C" NOT NULL,
  from_revision INT8 NOT NULL,
  to_revision INT8 CHECK (to_revision > from_revision),
  remote_address TEXT,
  remote_port INT8,
  local_address TEXT,
  labels TEXT,
  storage_server_id TEXT,
  state TEXT NOT NULL,
  revision INT8 NOT NULL,
  PRIMARY KEY (id, from_revision)
);

CREATE UNIQUE INDEX links_live ON links (id) WHERE to_revision IS NULL;
CREATE INDEX links_opened ON links (from_revision);
CREATE INDEX links_closed ON links (to_revision, id) WHERE to_revision IS NOT NULL;

CREATE TABLE link_assignments (
  link_id TEXT COLLATE "C" NOT NULL,
  from_revision INT8 NOT NULL,
  to_revision INT8 CHECK (to_revision > from_revision),
  r_node_id TEXT NOT NULL,
  remote_address TEXT,
  remote_port INT8,
  revision INT8 NOT NULL,
  PRIMARY KEY (link_id, from_revision)
);

CREATE UNIQUE INDEX link_assignments_live ON link_assignments (link_id) WHERE to_revision IS NULL;
CREATE INDEX link_assignments_opened ON link_assignments (from_revision);
CREATE INDEX link_assignments_closed ON link_assignments (to_revision, link_id)
  WHERE to_revision IS NOT NULL;

CREATE TABLE volumes (
  id TEXT COLLATE "C" NOT NULL,
  from_revision INT8 NOT NULL,
  to_revision INT8 CHECK (to_revision > from_revision),
  block_count INT8 NOT NULL,
  extent_blocks INT8 NOT NULL,
  created_revision INT8 NOT NULL,
  revision INT8 NOT NULL,
  PRIMARY KEY (id, from_revision)
);

CREATE UNIQUE INDEX volumes_live ON volumes (id) WHERE to_revision IS NULL;
CREATE INDEX volumes_opened ON volumes (from_revision);
CREATE INDEX volumes_closed ON volumes (to_revision, id) WHERE to_revision IS NOT NULL;

-- The A2C table, of which a million rows are usual. The key also serves reads of a volume's map
-- as it was, in address order.
CREATE TABLE a2c_entries (
  volume_id TEXT COLLATE "C" NOT NULL,
  first_lba INT8 NOT NULL,
  last_lba INT8 NOT NULL CHECK (last_lba >= first_lba),
  c_node_id TEXT COLLATE "C" NOT NULL,
  from_revision INT8 NOT NULL,
  to_revision INT8 CHECK (to_revision > from_revision),
  PRIMARY KEY (volume_id, first_lba, from_revision)
);

CREATE UNIQUE INDEX a2c_entries_live ON a2c_entries (volume_id, first_lba)
  WHERE to_revision IS NULL;
CREATE INDEX a2c_entries_opened ON a2c_entries (from_revision);
CREATE INDEX a2c_entries_closed ON a2c_entries (to_revision, volume_id, first_lba)
  WHERE to_revision IS NOT NULL;

CREATE TABLE settings (
  from_revision INT8 PRIMARY KEY,
  to_revision INT8 CHECK (to_revision > from_revision),
  replication_cost_micro INT8,
  revision INT8 NOT NULL
);

CREATE TABLE storage_server_credentials (
  storage_server_id TEXT COLLATE "C" PRIMARY KEY,
  signing_secret TEXT NOT NULL,
  previous_secret TEXT,
  previous_secret_until INT8,
  token_sha256 TEXT NOT NULL
);

CREATE TABLE deliveries (
  storage_server_id TEXT COLLATE "C" PRIMARY KEY,
  registered_revision INT8 NOT NULL,
  mode TEXT NOT NULL,
  acked_generation INT8,
  acked_revision INT8 CHECK ((acked_revision IS NULL) = (acked_generation IS NULL)),
  since INT8 NOT NULL,
  last_attempt_at INT8,
  last_error TEXT,
  consecutive_failures INT8 NOT NULL,
  failing_since INT8,
  next_attempt_at INT8,
  last_seen_at INT8,
  parked_generation INT8,
  parked_revision INT8,
  told_generation INT8,
  told_settled_revision INT8 CHECK ((told_settled_revision IS NULL) = (told_generation IS NULL)),
  snapshot_needed INT8 NOT NULL CHECK (snapshot_needed IN (0, 1))
);

-- Revisions of this generation in which a server lost addresses: those that it has not
-- acknowledged, and the last one that it has.
CREATE TABLE address_losses (
  storage_server_id TEXT COLLATE "C" NOT NULL,
  revision INT8 NOT NULL,
  PRIMARY KEY (storage_server_id, revision)
);

CREATE TABLE process_loads (
  process_id TEXT COLLATE "C" PRIMARY KEY,
  c_node_load FLOAT8 NOT NULL,
  r_node_load FLOAT8 NOT NULL,
  at INT8 NOT NULL
);

CREATE TABLE rebalances (
  id TEXT COLLATE "C" PRIMARY KEY,
  document TEXT NOT NULL,
  move_count INT8 NOT NULL,
  plan TEXT NOT NULL,
  -- From when on nobody needs it any more; NULL: it took a revision and is kept.
  forget_at INT8
);

CREATE INDEX rebalances_forgotten ON rebalances (forget_at) WHERE forget_at IS NOT NULL;

CREATE TABLE rebalance_moves (
  rebalance_id TEXT COLLATE "C" NOT NULL,
  position INT8 NOT NULL,
  volume_id TEXT NOT NULL,
  first_lba INT8 NOT NULL,
  last_lba INT8 NOT NULL CHECK (last_lba >= first_lba),
  from_c_node_id TEXT NOT NULL,
  to_c_node_id TEXT NOT NULL,
  PRIMARY KEY (rebalance_id, position)
);

CREATE TABLE audit (
  id INT8 GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  at INT8 NOT NULL,
  actor TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  outcome TEXT NOT NULL,
  status INT8,
  code TEXT,
  revision INT8
);

CREATE INDEX audit_by_actor ON audit (actor, id);

-- Writes that carry an Idempotency-Key: what was asked, and what was answered.
CREATE TABLE idempotent_calls (
  call_sha256 TEXT COLLATE "C" PRIMARY KEY,
  request_sha256 TEXT NOT NULL,
  at INT8 NOT NULL,
  revision INT8 NOT NULL,
  answer TEXT
);

CREATE INDEX idempotent_calls_by_time ON idempotent_calls (at);
