#!/bin/bash
# Runs a command with $NBDKIT_ORACLE, the nbdkit of another Debian release. The differential tests compare with it.
#   scripts/oracle.sh make RELEASE FOLDER          installs it into a new folder
#   scripts/oracle.sh run FOLDER COMMAND [ARG...]  runs a command
#   scripts/oracle.sh test RELEASE                 runs the differential tests, and leaves no folder behind
# Needs root, debootstrap, a Debian mirror, and an installed nbdkit.
#
# Only the server, its plugins and its filters are those of the other release. The commands of --run, and the programs
# that plugins start, are those of this system, so both servers of a test have the same clients.
set -euo pipefail

fail() {
  echo "oracle: $1" >&2
  exit 1
}

make() {
  local release=$1 folder=$2 package
  for program in debootstrap dpkg-deb nbdkit unshare; do
    command -v "$program" >/dev/null || fail "needs $program, which is not installed"
  done
  [ "$(id -u)" = 0 ] || fail "needs root"
  unshare --mount true || fail "needs the permission to mount, which this container does not give"
  mkdir "$folder"
  # Only the first stage: it downloads all packages. The second stage would configure a system in which nothing runs.
  debootstrap --foreign --variant=minbase --include=nbdkit "$release" "$folder/root" >"$folder/log" 2>&1 ||
    fail "debootstrap $release failed: $(tail -n 1 "$folder/log")"
  for package in "$folder"/root/var/cache/apt/archives/*.deb; do dpkg-deb --extract "$package" "$folder/root"; done
  rm -r "$folder/root/var/cache/apt/archives"
  wrap "$folder"
}

# The loader finds the libraries of the release without LD_LIBRARY_PATH, which the commands of --run would inherit.
wrap() {
  local folder=$1 loader libraries
  loader=$(echo "$folder"/root/lib*/ld-linux*.so.*)
  libraries=$(dirname "$folder"/root/usr/lib/*/nbdkit)
  printf '#!/bin/sh\nexec "%s" --argv0 nbdkit --library-path "%s" "%s" "$@"\n' \
    "$loader" "$libraries" "$folder/root/usr/bin/nbdkit" >"$folder/nbdkit"
  chmod +x "$folder/nbdkit"
}

# nbdkit looks for its plugins only where its own system has them. The mount is visible only to the command.
run() {
  local folder=$1 plugins
  shift
  plugins=$("$folder/nbdkit" --dump-config | sed -n 's/^plugindir=//p')
  NBDKIT_ORACLE=$folder/nbdkit exec unshare --mount /bin/sh -c \
    'mount --bind "$0" "$1" && shift && exec "$@"' "$folder/root${plugins%/*}" "${plugins%/*}" "$@"
}

run_tests() {
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  make "$1" "$folder/oracle"
  (run "$folder/oracle" npx vitest run --config test/vitest.config.ts test/differential)
}

case "${1-} $#" in
  "make 3") make "$2" "$(realpath -m "$3")" ;;
  "test 2") run_tests "$2" ;;
  run\ [3-9] | run\ [1-9][0-9]*) run "$(realpath "$2")" "${@:3}" ;;
  *) fail "usage: oracle.sh make RELEASE FOLDER | run FOLDER COMMAND [ARG...] | test RELEASE" ;;
esac
