#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own: a new cluster in a temporary directory, on a free
# port of loopback, that is stopped and removed afterwards. TEST_POSTGRES_URL tells where it is.
# PostgreSQL refuses to run as root, so root runs it as the user postgres.
set -euo pipefail

[ "$#" -gt 0 ] || { echo "usage: scripts/with-postgres.sh COMMAND…" >&2; exit 2; }

# Debian keeps the server's programs beside the path, one directory for each version.
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort --version-sort | tail --lines 1 || true)
initdb=$(command -v "${bin:-.}/initdb" || command -v initdb || true)
[ -n "$initdb" ] || { echo "PostgreSQL's initdb is not here: install the package postgresql" >&2; exit 1; }
pg_ctl="$(dirname "$(readlink -f "$initdb")")/pg_ctl"

directory=$(mktemp -d)
server() {
  if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}
stop() {
  server "$pg_ctl" stop --pgdata "$directory/data" --mode immediate --silent || true
  rm -rf "$directory"
}
trap stop EXIT
[ "$(id -u)" -ne 0 ] || chown postgres "$directory"

# Local connections are trusted: nobody else is let in from elsewhere, and it holds nothing.
server "$initdb" --pgdata "$directory/data" --username evenkeel --auth trust --encoding UTF8 \
  --no-locale >"$directory/initdb.log" 2>&1 || { cat "$directory/initdb.log" >&2; exit 1; }
for attempt in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 12000))
  if server "$pg_ctl" start --pgdata "$directory/data" --wait --silent \
    --log "$directory/data/log" \
    --options "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' -c max_connections=200"; then
    break
  fi
  [ "$attempt" -lt 5 ] || { cat "$directory/data/log" >&2; exit 1; }
done

export TEST_POSTGRES_URL="postgres://evenkeel@127.0.0.1:$port/postgres"
"$@"
