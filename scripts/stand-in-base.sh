#!/usr/bin/env bash
# Makes a root file system that has what the Dockerfile wants of node:<version>-slim: Debian bookworm,
# node, its headers and npm under /usr/local, and the user node. For where no image registry is
# reachable; not to be shipped.
#
#     stand-in-base.sh node:24.18-slim DIRECTORY
#
# Needs root, debootstrap, npm, and the registries of both.
set -euo pipefail
base=$1 root=$2

for tool in debootstrap npm tar; do
  command -v "$tool" > /dev/null || { echo "stand-in-base: needs $tool" >&2; exit 2; }
done
version=${base#node:}
version=${version%-slim}

packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT

debootstrap --variant=minbase --include=ca-certificates bookworm "$root" > "$packages/log" 2>&1 ||
  { tail -5 "$packages/log" >&2; exit 1; }

unpack() { # package, directory
  local file
  file=$(cd "$packages" && npm pack --silent "$1" | tail -1)
  mkdir -p "$2"
  tar -xzf "$packages/$file" -C "$2" --strip-components=1
}
unpack "node-linux-$(node -p process.arch)@~$version.0" "$root/usr/local"
unpack npm@11 "$root/usr/local/lib/node_modules/npm"
chmod +x "$root/usr/local/lib/node_modules/npm/bin/npm-cli.js"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"

# Native modules are compiled against the headers that are here, where none can be downloaded, and
# the authorities are those of this machine.
mkdir -p "$root/usr/local/etc"
printf 'nodedir=/usr/local\ncafile=/etc/ssl/certs/ca-certificates.crt\n' > "$root/usr/local/etc/npmrc"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

chroot "$root" groupadd --gid 1000 node
chroot "$root" useradd --uid 1000 --gid node --create-home node
