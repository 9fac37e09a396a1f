# compose.yaml as it is, with podman-compose: the server, Prometheus with our rules, the retraining. Prometheus' image is not
# pulled: one with the prometheus of this machine stands in for it.

compose() {
  # podman-compose repeats every command of podman's on standard error.
  PORT=$compose_port PROMETHEUS_PORT=$prometheus_port quiet podman-compose "$@"
}

stand_in_for_prometheus() {
  local name=$1 container mount library
  container=$(buildah from scratch)
  mount=$(buildah mount "$container")
  install -D "$(command -v prometheus)" "$mount/bin/prometheus"
  for library in $(ldd "$(command -v prometheus)" | grep -o '/[^ ]*'); do
    install -D "$library" "$mount$library"
  done
  install -d -o 65534 -g 65534 "$mount/prometheus" "$mount/etc/prometheus"
  buildah config --entrypoint '["/bin/prometheus"]' --user 65534 --volume /prometheus "$container"
  buildah umount "$container" >/dev/null
  quiet buildah commit "$container" "$name" >/dev/null
  buildah rm "$container" >/dev/null
}

# ask_prometheus PATH [curl's arguments...]
ask_prometheus() {
  local path=$1
  shift
  curl -sfG "http://127.0.0.1:$prometheus_port/api/v1/$path" "$@"
}

check_compose() {
  step "compose.yaml"
  compose_port=$(free_port) prometheus_port=$(free_port)
  stand_in_for_prometheus "$(sed -n 's/ *image: \(.*prometheus.*\)/\1/p' compose.yaml)"
  compose up --detach --no-build >>"$work/quiet.log"
  local before after
  until_true 20 client serving "127.0.0.1:$compose_port" >/dev/null
  before=$(client ask "127.0.0.1:$compose_port" | cut -d' ' -f2)
  figure "the server answers with" "${before:0:12}"
  same "rights" "true [ALL] 167772160" "$(podman inspect bayeswire_bayeswire_1 \
    --format '{{.HostConfig.ReadonlyRootfs}} {{if .HostConfig.CapDrop}}[ALL]{{end}} {{.HostConfig.Memory}}')"
  until_true 30 scraped || fail "Prometheus does not scrape the server"
  figure "Prometheus" "scrapes the server"
  client load "127.0.0.1:$compose_port" 12 >"$work/load"
  CORPUS="$work/corpus" compose --profile retrain run --rm retrain >>"$work/quiet.log"
  until_true 10 other_revision "$before" || fail "the retrained model is not taken up"
  after=$(client ask "127.0.0.1:$compose_port" | cut -d' ' -f2)
  figure "after the retrain service has run" "${after:0:12}"
  client load "127.0.0.1:$compose_port" 6 >"$work/load"
  python "$here/dashboard.py" "http://127.0.0.1:$prometheus_port" deploy/prometheus
  compose down --volumes >>"$work/quiet.log"
}

scraped() { ask_prometheus query --data-urlencode 'query=up{job="bayeswire"} == 1' | grep -q '"value"'; }

other_revision() { [ "$(client ask "127.0.0.1:$compose_port" | cut -d' ' -f2)" != "$1" ]; }
