"""Classifies articles with bayeswire: a JSON object a line on standard input, {"title": ..., "text": ...}.

    pip install -r requirements.txt
    python -m grpc_tools.protoc -I ../../proto --python_out=. --grpc_python_out=. ../../proto/bayeswire/v1/*.proto
    python classify.py 127.0.0.1:50051 < articles.jsonl

Of several addresses, calls go to all servers in turn; one that is gone or stopping is left out.
"""

import json
import sys

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from bayeswire.v1 import classification_service_pb2 as messages
from bayeswire.v1.classification_service_pb2_grpc import ClassificationServiceStub

# How long one answer may take, all attempts together, in seconds.
DEADLINE = 5

SERVICE_CONFIG = {
    # To every server in turn, as long as its health service says SERVING.
    "loadBalancingConfig": [{"round_robin": {}}],
    "healthCheckConfig": {"serviceName": "bayeswire.v1.ClassificationService"},
    "methodConfig": [{
        "name": [{"service": "bayeswire.v1.ClassificationService"}],
        # Calling again is safe: an answer depends on the article alone. Where the server says when to come back
        # (RetryInfo), it says so to the library as well, which then waits for that time instead of its own.
        "retryPolicy": {
            "maxAttempts": 5,
            "initialBackoff": "0.1s",
            "maxBackoff": "2s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
        },
    }],
}


def explain(error):
    """What a failed call says, for people: code, message, reason, and every field that was wrong."""
    lines = [f"{error.code().name}: {error.details()}"]
    status = rpc_status.from_call(error)
    for detail in status.details if status else []:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            lines.append(f"reason {info.reason} {dict(info.metadata) or ''}".rstrip())
        elif detail.Unpack(bad):
            lines += [f"{v.field}: {v.description} ({v.reason})" for v in bad.field_violations]
    return "\n  ".join(lines)


def main(addresses):
    failed = 0
    target = "ipv4:" + ",".join(addresses)
    options = [
        ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
        # Else all addresses together are sent as the server's name, which is none.
        ("grpc.default_authority", addresses[0]),
    ]
    with grpc.insecure_channel(target, options=options) as channel:
        service = ClassificationServiceStub(channel)
        for line in sys.stdin:
            request = json_format.ParseDict({"article": json.loads(line)}, messages.ClassifyArticleRequest())
            try:
                found = service.ClassifyArticle(request, timeout=DEADLINE).classification
            except grpc.RpcError as error:
                failed += 1
                print(explain(error), file=sys.stderr)
                continue
            # No topic is an answer too: the classifier says when it does not know.
            print(f"{found.topic or 'none'} {found.topics[0].probability:.3f}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
