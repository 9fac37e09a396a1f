# The image through all stages of the Containerfile. Its base is not pulled: an empty image stands in for it, into which the
# build mounts this machine's C compiler and Rust.

base=$(sed -n 's/^ARG RUST_IMAGE=//p' Containerfile)

stand_in_for_rust() {
  local container mount folder
  container=$(buildah from scratch)
  mount=$(buildah mount "$container")
  mkdir -p "$mount"/{usr,etc,tmp,rust,cargo}
  chmod 1777 "$mount/tmp"
  for folder in bin sbin lib lib64; do
    ln -s "usr/$folder" "$mount/$folder"
  done
  buildah config --env CARGO_HOME=/cargo --env PATH=/rust/bin:/usr/bin:/bin "$container"
  buildah umount "$container" >/dev/null
  quiet buildah commit "$container" "$base" >/dev/null
  buildah rm "$container" >/dev/null
}

# build_stages TAG: with the crates, the settings of cargo and the certificates of this machine.
build_stages() {
  local cargo=${CARGO_HOME:-$HOME/.cargo} settings=()
  [ ! -f "$cargo/config.toml" ] || settings=(--volume "$cargo/config.toml:/cargo/config.toml:ro")
  buildah bud --format docker --isolation chroot --pull-never --layers --timestamp "$SOURCE_DATE_EPOCH" \
    --volume /usr:/usr:ro --volume /etc/alternatives:/etc/alternatives:ro --volume /etc/ssl/certs:/etc/ssl/certs:ro \
    --volume "$(rustc --print sysroot):/rust:ro" --volume "$cargo/registry:/cargo/registry" "${settings[@]}" \
    --build-arg REVISION="$revision" --build-arg SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" \
    --tag "$1" . >"$work/stages.log" 2>&1 || { tail -n 40 "$work/stages.log" >&2; fail "the image does not build"; }
}

# Sets `binary` to what came out.
build_all_stages() {
  step "all stages, on a stand-in for $base"
  stand_in_for_rust
  cargo fetch --locked --quiet
  local start=$SECONDS mount
  build_stages localhost/bayeswire:stages
  figure "from nothing" "$((SECONDS - start)) s"
  start=$SECONDS
  build_stages localhost/bayeswire:again
  figure "once more, all layers kept" "$((SECONDS - start)) s"
  same "with the same content" "$(content stages)" "$(content again)"
  mount=$(podman image mount localhost/bayeswire:stages)
  install "$mount/bayeswire" "$work/bayeswire"
  podman image unmount localhost/bayeswire:stages >/dev/null
  binary=$work/bayeswire
}
