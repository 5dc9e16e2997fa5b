-- Writes that carry an Idempotency-Key: what was asked, and what was answered.
--
-- The row is written in the transaction of the revision that the write takes, its answer just
-- before it is given. A row without an answer is of a write that was durable when the service was
-- killed before it could answer.
CREATE TABLE idempotent_calls (
  -- SHA-256 over actor, method, path and key.
  call_sha256 TEXT PRIMARY KEY,
  -- SHA-256 over query and body: another request with the same key is refused.
  request_sha256 TEXT NOT NULL,
  at INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  -- As JSON, without secrets.
  answer TEXT CHECK (json_valid(answer))
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotent_calls_by_time ON idempotent_calls (at);
