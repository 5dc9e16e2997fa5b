-- Rows of a large change, durable in few pieces before each stands in its table.
--
-- A million rows take seconds to write, with all their indexes, and whoever asked for the change
-- would wait for it. So they are kept here in the transaction of the change, and carried over
-- right after the answer, in order; whoever reads them has the rest carried over first.
CREATE TABLE deferred_rows (
  number INTEGER PRIMARY KEY,
  -- As node:v8 serializes it, which later versions of Node read too: see
  -- src/store/sqlite/deferred-rows.ts.
  content BLOB NOT NULL
) STRICT;
