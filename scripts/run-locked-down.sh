#!/usr/bin/env bash
# The inside of check-image.sh, in namespaces of its own: mounts, starts, asks, stops, starts again.
#
#     run-locked-down.sh IMAGE_ROOT WORK_DIRECTORY
set -euo pipefail
image=$1 work=$2
root=$work/root

fail() { echo "check-image: $*" >&2; exit 1; }
config() { node -p "const c = JSON.parse(require('fs').readFileSync('$work/image.json')).Docker.config; $1"; }

# What the image says of itself.
user=$(config 'c.User')
[ "$user" = node ] || fail "the image runs as '$user'"
[ "$(config 'Object.keys(c.Volumes)[0]')" = /data ] || fail "the image has no volume /data"
uid=$(chroot "$image" id -u "$user") gid=$(chroot "$image" id -g "$user")
config 'c.Env.join("\0")' | tr -d '\n' > "$work/env"
config 'c.Cmd.join("\0")' | tr -d '\n' > "$work/cmd"
config 'c.Healthcheck.Test.slice(1).join("\0")' | tr -d '\n' > "$work/health"

# The volume begins as the image's own directory, as an engine makes it.
cp -a "$image/data/." "$work/volume"
chown --reference="$image/data" "$work/volume"
token=$(node -p 'crypto.randomBytes(32).toString("hex")')
hash=$(printf %s "$token" | sha256sum | cut -d' ' -f1)
mkdir "$work/secrets"
echo "[{\"name\": \"check\", \"role\": \"operator\", \"sha256\": \"$hash\"}]" > "$work/secrets/tokens.json"

# All read-only, but for the volume, and /proc and /dev, which the kernel guards.
ip link set lo up
mount --make-rprivate /
mount --bind "$image" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$work/volume" "$root/data"
mount --bind "$work/secrets" "$root/mnt"

# setpriv is the image's own (Debian's): dropped from inside, since chroot itself needs a capability.
inside() { # NUL-separated command on standard input
  mapfile -d '' -t env < "$work/env"
  mapfile -d '' -t command
  exec env -i "${env[@]}" TOKENS_FILE=/mnt/tokens.json chroot "$root" \
    setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs \
    --inh-caps=-all --ambient-caps=-all --bounding-set=-all \
    sh -c 'cd "$0" && exec "$@"' "$(config 'c.WorkingDir')" "${command[@]}"
}
as_image() { printf '%s\0' "$@" | (inside); }

url=http://127.0.0.1:8080
call() { # method, path, body; prints the status
  node -e '
    const [url, method, token, body] = process.argv.slice(1);
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    fetch(url, { method, headers, ...(body ? { body } : {}) }).then(({ status }) => console.log(status));
  ' "$url$2" "$1" "$token" "${3:-}"
}
start() {
  (inside < "$work/cmd") > "$work/log" 2>&1 &
  pid=$!
  for _ in $(seq 300); do
    if (inside < "$work/health") 2> /dev/null; then return; fi
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.2
  done
  cat "$work/log" >&2
  fail "it does not become healthy"
}
stop() {
  kill -TERM "$pid"
  wait "$pid" || fail "SIGTERM ended it with $?"
}
expect() { [ "$2" = "$3" ] || fail "$1: $2, and not $3"; echo "$1: $2"; }
of_process() { sed -n "s/^$1:[[:space:]]*\([^[:space:]]*\).*/\1/p" "/proc/$pid/status"; }

start
expect "user" "$(of_process Uid)" "$uid"
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
  expect "$set" "$(of_process "$set")" 0000000000000000
done
expect "NoNewPrivs" "$(of_process NoNewPrivs)" 1
expect "without a token" "$(token=x; call GET /v1/cluster)" 401
expect "a write" "$(call PUT /v1/links/l '{}')" 201
# As root without capabilities would also fail by the rights of files: the message must be the mount's.
for place in / /app /app/dist /tmp /var/tmp /home/node; do
  message=$(as_image touch "$place/x" 2>&1) && fail "$place can be written to"
  [ "$place" != /tmp ] || [[ $message == *"Read-only file system"* ]] || fail "/tmp: $message"
done
echo "nothing but the volume can be written to"
stop
start
expect "the write after a restart" "$(call GET /v1/links/l)" 200
stop
