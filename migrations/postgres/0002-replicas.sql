-- What several processes on one store need: to see at a glance what is new in the ledger, to agree
-- on who of them distributes the tables, and to pass on to that one what the others hear.

-- Rises with every write to the ledger.
ALTER TABLE cluster ADD COLUMN ledger_version INT8 NOT NULL DEFAULT 0;

-- The write that left the record.
ALTER TABLE deliveries ADD COLUMN ledger_version INT8 NOT NULL DEFAULT 0;
CREATE INDEX deliveries_by_version ON deliveries (ledger_version);

-- Who distributes the tables. The term rises whenever that changes: nobody writes to the ledger
-- under an older one. Times are of the database's clock.
CREATE TABLE distribution_lease (
  id INT8 PRIMARY KEY CHECK (id = 1),
  term INT8 NOT NULL CHECK (term >= 0),
  holder TEXT,
  expires_at INT8 NOT NULL
);

INSERT INTO distribution_lease (id, term, expires_at) VALUES (1, 0, 0);

-- The last thing of each kind that was heard of a storage server, until the ledger has it.
CREATE TABLE heard (
  storage_server_id TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  registered_revision INT8 NOT NULL,
  -- Tells it from the next one of its kind.
  heard_id TEXT NOT NULL,
  at INT8 NOT NULL,
  -- Of a report.
  generation INT8,
  revision INT8,
  digest TEXT,
  PRIMARY KEY (storage_server_id, kind)
);
