# A new model in the volume of a server that runs; a bad one; and many, within the same memory.

# volume_path NAME: where its files are on this machine.
volume_path() { podman volume inspect --format '{{.Mountpoint}}' "$1"; }

# A container that trains or counts: no network, no rights.
batch() {
  quiet podman run --rm --network=none --read-only --read-only-tmpfs=false --cap-drop=ALL \
    --security-opt=no-new-privileges "$@"
}

answers_with() { [ "$(client ask "127.0.0.1:$1" | cut -d' ' -f2)" = "$2" ]; }

refused() { [ "$(metric "$1" 'bayeswire_reloads_total{outcome="refused",what="model"}')" -ge "$2" ]; }

check_retraining() {
  step "retraining in the server's volume"
  local port admin first started models
  port=$(free_port) admin=$(free_port)
  podman volume create models >/dev/null
  # What the models in memory need: docs/OPERATIONS.md.
  serve retrained "$port" "$admin" --volume models:/models --memory 160m --memory-swap 160m
  client serving "127.0.0.1:$port" >/dev/null
  started="$(state retrained Pid) $(state retrained StartedAt)"
  first=$(client ask "127.0.0.1:$port" | cut -d' ' -f2)
  models=$(volume_path models)
  same "owner of a new volume" 10001:10001 "$(stat -c %u:%g "$models")"

  mkdir "$work/corpus" "$work/candidates"
  chown 10001:10001 "$work/candidates"
  cp models/default/corpus/*-{ledes,articles}.jsonl "$work/corpus"
  chmod -R a+rX "$work/corpus"
  batch --volume models:/models --volume "$work/corpus:/corpus:ro" "$image" train /corpus --output /models
  local revision
  revision=$(cd "$models" && sha256sum ./*.model | cut -d' ' -f1)
  same "name of the file" "$revision.model" "$(cd "$models" && ls -- *.model)"
  [ "$revision" != "$first" ] || fail "the new model is the old one"
  local written=$SECONDS
  until_true 10 answers_with "$port" "$revision" || fail "the new model is not taken up"
  figure "answers with the new revision" "after $((SECONDS - written)) s: ${revision:0:12} for ${first:0:12}"
  same "without a restart" "$started" "$(state retrained Pid) $(state retrained StartedAt)"

  head -c 100000 "$models/$revision.model" >"$models/damaged.model"
  until_true 10 refused "$admin" 1 || fail "the damaged model was not refused"
  answers_with "$port" "$revision" || fail "the old model does not answer after a damaged one"
  figure "a damaged file" "refused, ${revision:0:12} answers on"
  same "publish of a damaged file" 65 "$(batch --volume models:/models "$image" publish /models/damaged.model /models && echo 0 || echo $?)"
  rm "$models/damaged.model"

  check_memory_of_revisions "$port" "$models"

  revision=$(client ask "127.0.0.1:$port" | cut -d' ' -f2)
  quiet podman restart --time 40 retrained >/dev/null
  client serving "127.0.0.1:$port" >/dev/null
  answers_with "$port" "$revision" || fail "a restart forgets the active model"
  figure "after a restart" "${revision:0:12} answers"
  quiet podman rm --force --time 40 retrained >/dev/null
}

# As many revisions as a server holds and more, one after the other, from the whole corpus of the built-in model.
check_memory_of_revisions() {
  local port=$1 models=$2 alpha revision
  for alpha in 0.11 0.12 0.13 0.14 0.15 0.16; do
    batch --volume "$work/candidates:/out" --volume "$root/models/default/corpus:/corpus:ro" "$image" \
      train /corpus --output /out/candidate.model --alpha "$alpha"
    revision=$(sha256sum "$work/candidates/candidate.model" | cut -d' ' -f1)
    batch --volume models:/models --volume "$work/candidates:/out" "$image" \
      publish /out/candidate.model /models --keep 3 >/dev/null
    until_true 10 answers_with "$port" "$revision" || fail "revision $revision is not taken up"
  done
  same "files after publish --keep 3" 3 "$(find "$models" -name '*.model' | wc -l)"
  at_most "most memory with seven models taken up, bytes" $((160 * 1024 * 1024)) "$(peak_memory retrained)"
  same "killed for memory" false "$(state retrained OOMKilled)"
}
