# Two replicas, a client that spreads its calls, and a rolling restart of both under load.

check_replicas() {
  step "a rolling restart of two replicas under load"
  local ports=() admins=() n
  for n in 0 1; do
    ports+=("$(free_port)") admins+=("$(free_port)")
    serve "replica$n" "${ports[$n]}" "${admins[$n]}"
    client serving "127.0.0.1:${ports[$n]}" >/dev/null
  done
  client balance "ipv4:127.0.0.1:${ports[0]},127.0.0.1:${ports[1]}" "$work/stop" >"$work/balanced" &
  local load=$! served before
  sleep 2
  for n in 0 1; do
    served=$(answered "${admins[$n]}")
    [ "$served" -gt 100 ] || fail "replica $n got $served calls: the client does not spread them"
    figure "calls that replica $n got before its restart" "$served"
    quiet podman kill --signal TERM "replica$n" >/dev/null
    same "its exit status" 0 "$(quiet podman wait "replica$n")"
    quiet podman start "replica$n" >/dev/null
    client serving "127.0.0.1:${ports[$n]}" >/dev/null
    before=$SECONDS
    until_true 20 gets_calls "${admins[$n]}" || fail "the client did not come back to replica $n"
    figure "the client came back to it" "after $((SECONDS - before)) s"
  done
  sleep 1
  touch "$work/stop"
  wait "$load"
  figure "the load" "$(cat "$work/balanced")"
  same "calls that failed" 0 "$(python -c 'import json, sys; print(json.load(sys.stdin)["failed"])' <"$work/balanced")"
  quiet podman rm --force --time 40 replica0 replica1 >/dev/null
}

answered() {
  metric "$1" 'bayeswire_rpcs_total{code="OK",rpc="/bayeswire.v1.ClassificationService/ClassifyArticle"}'
}

gets_calls() { [ "$(answered "$1")" -gt 100 ]; }
