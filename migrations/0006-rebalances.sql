-- Lists of rebalances stay light, and plans that nobody applied do not stay for ever.

-- What a rebalance does to each process may take megabytes, and lists leave it out: it goes from
-- the document to the plan, which only a look at one rebalance reads.
UPDATE rebalances SET
  plan = json_set(plan, '$.processes', json(coalesce(json_extract(document, '$.processes'), '[]'))),
  document = json_remove(document, '$.processes');

-- From when on nobody needs it any more, in milliseconds since 1970; NULL: it took a revision and
-- is kept. A plan is kept for a day after it has expired.
ALTER TABLE rebalances ADD COLUMN forget_at INTEGER;
UPDATE rebalances
  SET forget_at = 1000 * (unixepoch(json_extract(document, '$.createdAt')) + 2 * 24 * 60 * 60)
  WHERE json_extract(document, '$.revision') IS NULL;
CREATE INDEX rebalances_forgotten ON rebalances (forget_at) WHERE forget_at IS NOT NULL;
