"""Checks manifests: their schemas, the restricted profile, names that refer to each other, and that the program takes the
settings. Arguments: files with what kustomize built."""

import sys

import kubernetes_validate
import yaml

VERSIONS = ["1.29", "1.33", "1.37"]
# Custom resources, for which no schema is at hand.
CUSTOM = {"ServiceMonitor"}
# What the restricted profile of the pod security standards lets a pod mount.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def pod_template(resource):
    spec = resource.get("spec", {})
    if resource["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec.get("template") if resource["kind"] in ("Deployment", "CronJob", "Job") else None


def covers(selector, labels):
    return bool(selector) and all(labels.get(name) == value for name, value in selector.items())


def check_restricted(name, pod):
    context = pod["securityContext"]
    assert context["runAsNonRoot"] and context["runAsUser"] == 10001, name
    assert context["seccompProfile"]["type"] == "RuntimeDefault", name
    assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False, name
    assert not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), name
    mounted = {volume["name"] for volume in pod.get("volumes", [])}
    for volume in pod.get("volumes", []):
        assert (set(volume) - {"name"}) <= VOLUMES, (name, volume)
    for container in pod.get("initContainers", []) + pod["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, (name, container["name"])
        assert context["readOnlyRootFilesystem"] is True, (name, container["name"])
        assert context["capabilities"] == {"drop": ["ALL"]}, (name, container["name"])
        assert {"requests", "limits"} <= set(container["resources"]), (name, container["name"])
        assert all(mount["name"] in mounted for mount in container["volumeMounts"]), (name, container["name"])
        assert all("hostPort" not in port for port in container.get("ports", [])), (name, container["name"])


def check_serving(name, pod):
    container = pod["containers"][0]
    env = {variable["name"]: variable["value"] for variable in container["env"]}
    stops = float(env["BAYESWIRE_DRAIN_DELAY"]) + float(env["BAYESWIRE_GRACE"])
    assert pod["terminationGracePeriodSeconds"] > stops, f"{name}: is killed before {stops} s are over"
    secure = "BAYESWIRE_TLS_CERT" in env
    assert secure != (env.get("BAYESWIRE_INSECURE") == "true"), f"{name}: TLS and insecure, or neither"
    for probe in ("startupProbe", "readinessProbe"):
        # The kubelet's gRPC probes know no TLS.
        assert ("grpc" in container[probe]) != secure, f"{name}: {probe}"
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert env["BAYESWIRE_LISTEN"].endswith(f":{ports['grpc']}"), name
    assert env["BAYESWIRE_ADMIN_LISTEN"].endswith(f":{ports['admin']}"), name
    assert pod["topologySpreadConstraints"], name


def check_references(file, resources):
    by_kind = lambda kind: [r for r in resources if r["kind"] == kind]
    pods = [(r["metadata"]["name"], pod_template(r)["metadata"]["labels"]) for r in resources if pod_template(r)]
    serving = [r for r in by_kind("Deployment")]
    for deployment in serving:
        labels = pod_template(deployment)["metadata"]["labels"]
        assert covers(deployment["spec"]["selector"]["matchLabels"], labels), file
        for constraint in pod_template(deployment)["spec"]["topologySpreadConstraints"]:
            assert covers(constraint["labelSelector"]["matchLabels"], labels), file
        named = {port["name"] for port in pod_template(deployment)["spec"]["containers"][0]["ports"]}
        for service in by_kind("Service"):
            assert covers(service["spec"]["selector"], labels), file
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= named, file
            for monitor in by_kind("ServiceMonitor"):
                assert covers(monitor["spec"]["selector"]["matchLabels"], service["metadata"]["labels"]), file
                offered = {port["name"] for port in service["spec"]["ports"]}
                assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= offered, file
                # The rules and the dashboard go by this job.
                assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "bayeswire", file
        for budget in by_kind("PodDisruptionBudget"):
            assert covers(budget["spec"]["selector"]["matchLabels"], labels), file
        for scaler in by_kind("HorizontalPodAutoscaler"):
            assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"], file
            assert "replicas" not in deployment["spec"], f"{file}: replicas are the autoscaler's"
    for policy in by_kind("NetworkPolicy"):
        selected = [name for name, labels in pods if covers(policy["spec"]["podSelector"]["matchLabels"], labels)]
        # Where nothing is trained, the policy for training selects nothing.
        assert selected or policy["metadata"]["name"] == "bayeswire-training", (file, policy["metadata"]["name"])


def main():
    checked, custom, templates = 0, set(), 0
    for file in sys.argv[1:]:
        resources = [r for r in yaml.safe_load_all(open(file)) if r]
        for resource in resources:
            name = f"{file}: {resource['kind']} {resource['metadata']['name']}"
            if resource["kind"] in CUSTOM:
                custom.add(resource["kind"])
            else:
                for version in VERSIONS:
                    kubernetes_validate.validate(resource, version, strict=True)
                    checked += 1
            template = pod_template(resource)
            if template:
                check_restricted(name, template["spec"])
                templates += 1
            if resource["kind"] == "Deployment":
                check_serving(name, template["spec"])
            if resource["kind"] == "Job" and resource["spec"].get("completionMode") == "Indexed":
                shards = resource["spec"]["completions"]
                arguments = template["spec"]["containers"][0]["args"]
                assert arguments[arguments.index("--shard") + 1] == f"$(JOB_COMPLETION_INDEX)/{shards}", name
        check_references(file, resources)
    print(f"   {'kubernetes-validate, ' + ', '.join(VERSIONS):52} {checked} resources")
    print(f"   {'without a schema, checked by their references':52} {', '.join(sorted(custom))}")
    print(f"   {'pods that keep to the restricted profile':52} {templates}")


main()
