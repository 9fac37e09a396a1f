# One container with as few rights as there are: start, answers, health, load, end.

strict=(--read-only --read-only-tmpfs=false --cap-drop=ALL --security-opt=no-new-privileges --memory 64m --memory-swap 64m
  --pids-limit 64)

# serve NAME PORT ADMIN_PORT [podman's arguments...]: a server that only this machine reaches.
serve() {
  local name=$1 port=$2 admin=$3
  shift 3
  quiet podman run --detach --name "$name" --network=host "${strict[@]}" \
    --env BAYESWIRE_LISTEN="127.0.0.1:$port" --env BAYESWIRE_ADMIN_LISTEN="127.0.0.1:$admin" \
    --env BAYESWIRE_SERVER="http://127.0.0.1:$port" "$@" "$image" >/dev/null
}

state() { podman inspect --format "{{.State.$2}}" "$1"; }

# peak_memory NAME: the most that its control group ever held, in bytes.
peak_memory() {
  local group
  group=$(state "$1" CgroupPath)
  cat "/sys/fs/cgroup/memory$group/memory.max_usage_in_bytes" 2>/dev/null || cat "/sys/fs/cgroup$group/memory.peak"
}

# memory_now NAME: what its control group holds, in bytes.
memory_now() {
  local group
  group=$(state "$1" CgroupPath)
  cat "/sys/fs/cgroup/memory$group/memory.usage_in_bytes" 2>/dev/null || cat "/sys/fs/cgroup$group/memory.current"
}

# start_time NAME PORT ADMIN_PORT: serve, and the milliseconds from the start of the process to SERVING as others see it. The
# best of three containers, of which the last is left: other work on the machine makes it longer, nothing makes it shorter.
start_time() {
  local best=100000 n started took waiting
  for n in 1 2 3; do
    [ "$n" = 1 ] || quiet podman rm --force --time 0 "$1" >/dev/null
    client ready "127.0.0.1:$3" >"$work/ready" &
    waiting=$!
    sleep 1
    serve "$@"
    wait "$waiting"
    client serving "127.0.0.1:$2"
    started=$(date -d "$(state "$1" StartedAt | cut -d' ' -f1,2) UTC" +%s.%N)
    took=$(awk -v started="$started" -v ready="$(cat "$work/ready")" 'BEGIN { printf "%.0f", 1000 * (ready - started) }')
    [ "$took" -ge "$best" ] || best=$took
  done
  echo "$best"
}

check_strict() {
  step "a container with 64 MB, a read-only root and no rights"
  local port admin took
  port=$(free_port) admin=$(free_port)
  took=$(start_time strict "$port" "$admin")
  at_most "from the start to SERVING" 300 "$took" ms
  figure "memory after the start, bytes" "$(memory_now strict)"
  same "read-only root" true "$(podman inspect --format '{{.HostConfig.ReadonlyRootfs}}' strict)"
  local status
  status="/proc/$(state strict Pid)/status"
  same "user" 10001 "$(awk '$1 == "Uid:" { print $2 }' "$status")"
  same "capabilities" 0000000000000000 "$(awk '$1 == "CapBnd:" { print $2 }' "$status")"
  same "no new privileges" 1 "$(awk '$1 == "NoNewPrivs:" { print $2 }' "$status")"
  same "a foreign client's answer" diplomacy "$(client ask "127.0.0.1:$port" | cut -d' ' -f1)"
  quiet podman healthcheck run strict || fail "the health check fails"
  figure "health check" "exit status 0"
  check_full_load "$port" "$admin"
  check_end_under_load "$port"
  quiet podman healthcheck run strict && fail "the health check of a server that is gone succeeds"
  podman rm strict >/dev/null
  check_not_reachable
}

check_full_load() {
  local port=$1 admin=$2 start calls=20000
  client frame 4096 "$work/frame"
  start=$(date +%s%N)
  load_fully "$port" "$calls"
  # As many as take about ten seconds: a load that ends by the clock breaks off calls.
  calls=$((calls * 10000 / (($(date +%s%N) - start) / 1000000)))
  start=$(date +%s%N)
  load_fully "$port" "$calls"
  local took=$((($(date +%s%N) - start) / 1000000))
  figure "512 callers, articles of 4 KB" "$calls calls in $took ms, $((calls * 1000 / took))/s"
  [ "$took" -gt 5000 ] || fail "the load was over after $took ms"
  same "answers other than OK" 0 "$(curl -sf "http://127.0.0.1:$admin/metrics" |
    awk '/^bayeswire_rpcs_total.*ClassifyArticle"/ && !/code="OK"/ { n += $2 } END { print n + 0 }')"
  at_most "most memory, bytes" $((64 * 1024 * 1024)) "$(peak_memory strict)"
  same "killed for memory" false "$(state strict OOMKilled)"
}

# load_fully PORT CALLS: all of them must be answered.
load_fully() {
  h2load --requests="$2" --clients=8 --max-concurrent-streams=64 --threads=1 --data="$work/frame" \
    --header='content-type: application/grpc' --header='te: trailers' \
    "http://127.0.0.1:$1/bayeswire.v1.ClassificationService/ClassifyArticle" >"$work/h2load"
  grep -q "$2 succeeded, 0 failed" "$work/h2load" || { cat "$work/h2load"; fail "calls failed"; }
}

check_end_under_load() {
  local port=$1 start
  client load "127.0.0.1:$port" 30 >"$work/load" &
  local load=$!
  sleep 2
  start=$SECONDS
  quiet podman kill --signal TERM strict >/dev/null
  same "exit status after SIGTERM under load" 0 "$(quiet podman wait strict)"
  wait "$load"
  at_most "seconds to the end" 31 $((SECONDS - start))
  figure "the load" "$(cat "$work/load")"
  same "calls that failed" 0 "$(python -c 'import json, sys; print(json.load(sys.stdin)["failed"])' <"$work/load")"
}

# Without an explicit address the port is closed to others, even where the container has a network of its own.
check_not_reachable() {
  podman network create inside >/dev/null
  quiet podman run --detach --name closed --network inside "${strict[@]}" "$image" >/dev/null
  quiet podman run --detach --name open --network inside "${strict[@]}" \
    --env BAYESWIRE_LISTEN=0.0.0.0:50051 --env BAYESWIRE_INSECURE=true "$image" >/dev/null
  until_true 5 quiet podman healthcheck run closed || fail "the closed server does not serve itself"
  local name
  name=$(podman run --rm --network inside "${strict[@]}" "$image" \
    healthcheck --server http://open:50051 2>>"$work/quiet.log" && echo reached)
  same "by name, with an address that was set" reached "$name"
  name=$(podman run --rm --network inside "${strict[@]}" "$image" \
    healthcheck --server http://closed:50051 --timeout 2 2>>"$work/quiet.log" || echo "refused ($?)")
  same "without one" "refused (69)" "$name"
  quiet podman rm --force --time 0 open closed >/dev/null
  podman network rm inside >/dev/null
}
