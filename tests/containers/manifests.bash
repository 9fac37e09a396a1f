# The Containerfile, the manifests and the rules by the tools that read them, and what these do not look at.

check_manifests() {
  step manifests
  hadolint Containerfile
  figure hadolint "nothing to say"
  local folder count=0
  for folder in base overlays/development overlays/production training/count training/fit; do
    kubectl kustomize "deploy/kubernetes/$folder" >"$work/${folder//\//-}.yaml"
    count=$((count + 1))
  done
  figure "kubectl kustomize" "$count folders"
  python "$here/manifests.py" "$work"/{base,overlays-development,overlays-production,training-count,training-fit}.yaml
}

check_rules() {
  step "alert rules"
  (
    cd deploy/prometheus
    promtool check rules rules.yaml | sed 's/^/   /'
    promtool check config --syntax-only prometheus.yml >/dev/null
    promtool test rules test-calls.yaml test-drift.yaml >"$work/promtool" || { cat "$work/promtool"; exit 1; }
    figure "promtool test rules" "$(grep -c SUCCESS "$work/promtool") files, $(cat test-calls.yaml test-drift.yaml | grep -c '^  - name: ') cases"
    # Every alert has a case in which it fires, one in which it does not, and a chapter in the manual.
    for alert in $(sed -n 's/.*- alert: //p' rules.yaml); do
      python - "$alert" <<'PY'
import sys, yaml
alert, cases = sys.argv[1], []
for file in ("test-calls.yaml", "test-drift.yaml"):
    for test in yaml.safe_load(open(file))["tests"]:
        cases += [c for c in test.get("alert_rule_test", []) if c["alertname"] == alert]
fires, rests = sum(bool(c["exp_alerts"]) for c in cases), sum(not c["exp_alerts"] for c in cases)
assert fires and rests, f"{alert}: {fires} cases in which it fires, {rests} in which it does not"
PY
      grep -qx "### $alert" "$root/docs/OPERATIONS.md" || fail "docs/OPERATIONS.md has no chapter $alert"
      grep -q "runbook: docs/OPERATIONS.md#$(tr '[:upper:]' '[:lower:]' <<<"$alert")$" rules.yaml ||
        fail "$alert does not point to its chapter"
    done
    figure "alerts with cases and a chapter" "$(grep -c -- '- alert:' rules.yaml)"
  )
}
