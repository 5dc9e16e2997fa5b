-- Plans that can be applied later, and rebalances that can be rolled back.

-- What it takes to apply a plan or to take it back, as JSON: which C-nodes and volumes it moves
-- between and, for a dry run, what was asked for and what the plan had read.
ALTER TABLE rebalances ADD COLUMN plan TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(plan));

UPDATE rebalances SET plan = json_object('ends', json_object(
  'volumeIds', (SELECT json_group_array(DISTINCT volume_id) FROM rebalance_moves
    WHERE rebalance = number),
  'losers', (SELECT json_group_array(DISTINCT from_c_node_id) FROM rebalance_moves
    WHERE rebalance = number),
  'gainers', (SELECT json_group_array(DISTINCT to_c_node_id) FROM rebalance_moves
    WHERE rebalance = number)));

-- What an earlier plan had read is not known, so nobody could tell whether it still holds.
UPDATE rebalances SET document = json_set(document, '$.state', 'expired')
  WHERE json_extract(document, '$.state') = 'planned';
