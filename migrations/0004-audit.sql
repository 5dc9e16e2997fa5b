-- Everything that was done or denied, by calls: those that took a revision are written with it.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  outcome TEXT NOT NULL,
  status INTEGER,
  code TEXT,
  revision INTEGER
) STRICT;

CREATE INDEX audit_by_actor ON audit (actor, id);
