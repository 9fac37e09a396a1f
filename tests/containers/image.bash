# The image, from a binary or through all stages, and what is in it.

# The time that files and the image get: that of the commit, so that it is the same wherever it is built.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
revision=$(git rev-parse HEAD 2>/dev/null || true)

build_image() {
  if [ -z "$binary" ]; then
    build_all_stages
  fi
  step "the last stage, from $binary"
  mkdir -p "$work/context/out/models"
  install "$binary" "$work/context/out/bayeswire"
  build_last_stage first
  build_last_stage second
  same "two builds give the same files, times and settings" "$(content first)" "$(content second)"
  podman tag localhost/bayeswire:second "$image"
}

build_last_stage() {
  buildah bud --format docker --isolation chroot --pull-never --no-cache --timestamp "$SOURCE_DATE_EPOCH" \
    --build-arg REVISION="$revision" --build-context build="$work/context" --target runtime \
    --tag "localhost/bayeswire:$1" . >>"$work/quiet.log" 2>&1
}

# content TAG: a digest of the layers, the settings and the time. Not of the image itself: buildah notes the name of the
# container that it built in.
content() {
  podman image inspect --format '{{json .RootFS}} {{json .Config}} {{.Created}} {{.Size}}' "localhost/bayeswire:$1" |
    sha256sum | cut -c1-16
}

inspect() { podman image inspect --format "$1" "$image"; }

check_image() {
  step "what is in it"
  ldd "$binary" 2>&1 | grep -qE 'statically linked|not a dynamic' || fail "$binary is not static"
  figure "$(basename "$binary")" "static, $(stat -c %s "$binary") bytes"
  at_most "image, bytes" 15000000 "$(inspect '{{.Size}}')"
  same user 10001:10001 "$(inspect '{{.Config.User}}')"
  same "volume" "map[/models:{}]" "$(inspect '{{.Config.Volumes}}')"
  same "health check" "[CMD /bayeswire healthcheck]" "$(inspect '{{.HealthCheck.Test}}')"
  same "listens by itself on no address of others" "" "$(inspect '{{.Config.Env}}' | grep -o BAYESWIRE || true)"
  local label
  for label in title description licenses version revision; do
    [ -n "$(inspect "{{index .Labels \"org.opencontainers.image.$label\"}}")" ] || fail "no label $label"
    figure "label $label" "$(inspect "{{index .Labels \"org.opencontainers.image.$label\"}}")"
  done
  local files
  files=$(podman image mount "$image")
  same "files" "/bayeswire /licenses /licenses/LICENSE-APACHE /licenses/LICENSE-MIT /models" \
    "$(cd "$files" && find . -mindepth 1 | sed 's/^\.//' | sort | paste -sd' ')"
  same "files with the time of the commit" 1 "$(find "$files" -mindepth 1 -printf '%Ts\n' | sort -u | grep -cx "$SOURCE_DATE_EPOCH")"
  podman image unmount "$image" >/dev/null
}
