#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own: a new cluster in a temporary directory, on a free
# port of loopback, that is stopped and removed afterwards. TEST_POSTGRES_URL tells where it is, and
# TEST_POSTGRES_RESTART is a program that has it crash and start again.
# PostgreSQL refuses to run as root, so root runs it as the user postgres.
set -euo pipefail

[ "$#" -gt 0 ] || { echo "usage: scripts/with-postgres.sh COMMAND…" >&2; exit 2; }

# Debian keeps the programs of each version in a directory of its own, which is not in the path.
initdb=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort --version-sort | tail --lines 1)
initdb=$(readlink --canonicalize "${initdb:-$(command -v initdb || true)}" || true)
[ -x "$initdb" ] || { echo "PostgreSQL is not here: install the package postgresql" >&2; exit 1; }
pg_ctl=$(dirname "$initdb")/pg_ctl

directory=$(mktemp --directory)
server() {
  # From a directory that the user postgres may enter.
  if [ "$(id -u)" -eq 0 ]; then (cd / && runuser --user postgres -- "$@"); else "$@"; fi
}
stop() {
  server "$pg_ctl" stop --pgdata "$directory/data" --mode immediate --silent || true
  rm -rf "$directory"
}
trap stop EXIT
[ "$(id -u)" -ne 0 ] || chown postgres "$directory"

# Whoever is on this machine may connect; there is nothing in it but what tests put there.
server "$initdb" --pgdata "$directory/data" --username evenkeel --auth trust --encoding UTF8 \
  --no-locale >"$directory/initdb.log" 2>&1 || { cat "$directory/initdb.log" >&2; exit 1; }
for attempt in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 12000))
  settings="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' -c max_connections=200"
  if server "$pg_ctl" start --pgdata "$directory/data" --wait --silent \
    --log "$directory/data/log" --options "$settings"; then
    break
  fi
  # Another program may have the port.
  [ "$attempt" -lt 5 ] || { cat "$directory/data/log" >&2; exit 1; }
done

as_postgres=()
[ "$(id -u)" -ne 0 ] || as_postgres=(runuser --user postgres --)
# With a log of its own, or the server would keep the output of whoever has it restarted, who would
# wait for its end.
printf '#!/usr/bin/env bash\ncd / && %s %q restart --pgdata %q --mode immediate --wait --silent --log %q\n' \
  "${as_postgres[*]}" "$pg_ctl" "$directory/data" "$directory/data/log" >"$directory/restart"
chmod 755 "$directory" "$directory/restart"

export TEST_POSTGRES_RESTART="$directory/restart"
export TEST_POSTGRES_URL="postgres://evenkeel@127.0.0.1:$port/postgres"
"$@"
