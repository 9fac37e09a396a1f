# Three containers count three shards of a corpus, one is killed half-way and run again, a fourth container merges and fits.

check_shards() {
  step "three counters, one killed half-way, and one that merges and fits"
  local shards="$work/shards" index
  mkdir -p "$shards/corpus" "$shards/counts" "$shards/out"
  python "$here/corpus.py" models/default/corpus "$shards/corpus/articles.jsonl" 6
  chown -R 10001:10001 "$shards"
  figure corpus "$(wc -l <"$shards/corpus/articles.jsonl") articles, $(stat -c %s "$shards/corpus/articles.jsonl") bytes"

  # One machine, one process: what must come out.
  batch --volume "$shards:/shards" "$image" train /shards/corpus --output /shards/out/single.model
  local single
  single=$(sha256sum "$shards/out/single.model" | cut -d' ' -f1)

  count_shard 0 --rm
  # It has been given half of the articles and waits for the others, so it is killed half-way on any machine.
  {
    head -c "$(($(stat -c %s "$shards/corpus/articles.jsonl") / 2))" "$shards/corpus/articles.jsonl"
    touch "$shards/half"
    until_true 60 test -e "$shards/over" || true
  } | input=- count_shard 1 --interactive --name killed >/dev/null &
  local killed=$!
  until_true 30 test -e "$shards/half" || fail "the counter does not read"
  quiet podman kill --signal KILL killed >/dev/null || fail "the counter was done before it could be killed"
  same "exit status of the one that was killed" 137 "$(quiet podman wait killed)"
  same "what it left" "" "$(cd "$shards/counts" && ls 1.counts 2>/dev/null || true)"
  figure "killed after" "half of the articles"
  touch "$shards/over"
  wait "$killed" || true
  podman rm killed >/dev/null
  for index in 1 2; do
    count_shard "$index" --rm
  done

  batch --volume "$shards:/shards" "$image" merge /shards/counts/{0,1,2}.counts --output /shards/out/all.counts
  batch --volume "$shards:/shards" "$image" fit /shards/out/all.counts --corpus /shards/corpus --output /shards/out/merged.model
  same "revision of the shards' model" "$single" "$(sha256sum "$shards/out/merged.model" | cut -d' ' -f1)"

  # A shard that is missing does not pass for the whole.
  batch --volume "$shards:/shards" "$image" merge /shards/counts/{0,2}.counts --output /shards/out/all.counts
  same "fit without one of the shards" 65 "$(batch --volume "$shards:/shards" "$image" \
    fit /shards/out/all.counts --corpus /shards/corpus --output /shards/out/merged.model && echo 0 || echo $?)"
}

# count_shard INDEX [podman's arguments...]: as the Indexed Job does; from $input where it is set.
count_shard() {
  local index=$1
  shift
  quiet podman run "$@" --network=none --read-only --read-only-tmpfs=false --cap-drop=ALL \
    --security-opt=no-new-privileges --volume "$work/shards:/shards" "$image" \
    count "${input:-/shards/corpus}" --shard "$index/3" --output "/shards/counts/$index.counts"
}
