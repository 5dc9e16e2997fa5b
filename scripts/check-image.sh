#!/usr/bin/env bash
# Builds the image from the Dockerfile and runs it as compose.yaml does, without a container engine:
# as the image's own user, on a read-only root file system, without capabilities and new privileges,
# in a network of its own, with a data volume. Looks at what the kernel says of the process, not at
# what was asked for.
#
# Needs Linux, root, and: buildah, unshare, chroot, ip, node. Where the base image is not
# here and cannot be pulled, scripts/stand-in-base.sh makes one of the same name from Debian and npm
# packages, and needs debootstrap and npm.
# Exits with 0 when all holds, 1 when something does not, 2 where it cannot be tried.
set -euo pipefail
cd "$(dirname "$0")/.."

cannot() { echo "check-image: cannot be tried here: $*" >&2; exit 2; }
[ "$(uname)" = Linux ] || cannot "needs Linux"
[ "$(id -u)" = 0 ] || cannot "needs root, to mount what it runs"
for tool in buildah unshare chroot ip node; do
  command -v "$tool" > /dev/null || cannot "needs $tool"
done
unshare --mount --net --pid --fork true 2> /dev/null || cannot "may not make namespaces"

work=$(mktemp -d)
# A store of its own, so that nothing is left of it and nothing of others is touched.
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
store() { buildah --root "$work/store" --runroot "$work/run" "$@"; }
container=
finish() {
  [ -z "$container" ] || store rm "$container" > /dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT

step() { printf '== %s\n' "$*"; }

step "base image"
base=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' Dockerfile | tail -1)
if ! store pull --quiet "docker.io/library/$base" > /dev/null 2>&1; then
  echo "no registry has $base for us: making a stand-in"
  command -v debootstrap > /dev/null || cannot "needs $base from a registry, or debootstrap"
  bash scripts/stand-in-base.sh "$base" "$work/base"
  container=$(store from scratch)
  store add --quiet "$container" "$work/base" / > /dev/null
  store commit --quiet --rm "$container" "docker.io/library/$base" > /dev/null
  container=
  rm -rf --one-file-system "$work/base"
fi

step "build"
# With --format docker the health check is kept.
store bud --quiet --format docker --pull-never --tag evenkeel . > /dev/null

step "run"
container=$(store from --pull-never evenkeel)
store inspect --type image evenkeel > "$work/image.json"
mkdir "$work/root" "$work/volume"
unshare --mount --net --pid --fork --mount-proc --kill-child \
  bash scripts/run-locked-down.sh "$(store mount "$container")" "$work"
step "the image runs locked down"
