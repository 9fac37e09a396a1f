# What is told, and what is left behind: nothing.

step() { printf '\n-- %s (%ss)\n' "$*" "$SECONDS"; }

# figure NAME VALUE: something measured or seen.
figure() { printf '   %-52s %s\n' "$1" "$2"; }

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# same WHAT EXPECTED FOUND
same() {
  [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
  figure "$1" "$3"
}

# at_most WHAT LIMIT FOUND [UNIT]
at_most() {
  awk -v found="$3" -v limit="$2" 'BEGIN { exit !(found + 0 <= limit + 0) }' || fail "$1: $3 ${4:-} is over $2"
  figure "$1" "$3 ${4:-} (limit $2)"
}

# until_true SECONDS COMMAND...: tries until it succeeds.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

finish() {
  local status=$1
  # Whatever cleaning up meets, what went wrong before is what counts.
  set +e
  if [ "$status" != 0 ] && [ -s "$work/quiet.log" ]; then
    printf '\nthe last lines of what the tools said:\n' >&2
    tail -n 60 "$work/quiet.log" >&2
  fi
  for child in $(jobs -p); do
    # The job may be a function in a shell of its own: what it runs goes first.
    pkill -P "$child" 2>/dev/null
    kill "$child" 2>/dev/null
  done
  if [ -n "${CONTAINERS_CONF:-}" ]; then
    podman rm --all --force --time 0 >/dev/null 2>&1
    podman network prune --force >/dev/null 2>&1
    podman volume prune --force >/dev/null 2>&1
    podman rmi --all --force >/dev/null 2>&1
    umount "$work/storage/overlay" 2>/dev/null
  fi
  rm -rf "$work"
  exit "$status"
}
