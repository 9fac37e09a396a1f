"""A foreign client: Python's gRPC library, with stubs made of the .proto files.

client.py ask TARGET [TEXT]              prints topic and revision
client.py serving HOST:PORT              waits for SERVING
client.py ready HOST:PORT                waits until GET /readyz answers 200, and prints the time of day, in seconds
client.py load TARGET SECONDS            calls until SECONDS are over or health says that the server goes; prints a summary
client.py balance TARGET STOPFILE        calls through round_robin with a retry policy until STOPFILE exists; prints a summary
client.py frame BYTES FILE               writes a request with an article of so many bytes, as HTTP/2 carries it
"""

import json
import os
import socket
import struct
import sys
import threading
import time

import grpc
from bayeswire.v1 import article_pb2, classification_service_pb2 as messages
from bayeswire.v1 import classification_service_pb2_grpc as services
from grpc_health.v1 import health_pb2, health_pb2_grpc

TEXT = (
    "Foreign ministers of both countries met in Geneva on Friday to sign a treaty on their border, and their "
    "ambassadors agreed to resume talks on trade next month. "
)
SERVING = health_pb2.HealthCheckResponse.SERVING
CALLERS = 16

# What docs/OPERATIONS.md gives to clients of several replicas.
SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": "bayeswire.v1.ClassificationService"}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.05s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}


def request(text=TEXT):
    return messages.ClassifyArticleRequest(article=article_pb2.Article(text=text))


def ask(target, text=TEXT):
    with grpc.insecure_channel(target) as channel:
        stub = services.ClassificationServiceStub(channel)
        answer = stub.ClassifyArticle(request(text), timeout=5, wait_for_ready=True).classification
    print(answer.topic, answer.model_revision)


def serving(target):
    wait_for_listener(target).close()
    with grpc.insecure_channel(target) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), wait_for_ready=True)
        for change in watch:
            if change.status == SERVING:
                return


def wait_for_listener(target):
    host, port = target.rsplit(":", 1)
    while True:
        try:
            return socket.create_connection((host, int(port)), timeout=1)
        except OSError:
            time.sleep(0.002)


def ready(target):
    """Says what the health service says, and asking costs next to nothing."""
    while True:
        with wait_for_listener(target) as connection:
            try:
                connection.sendall(b"GET /readyz HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n")
                answer = connection.recv(64)
            except OSError:
                # The one before it, which goes.
                answer = b""
            if answer.startswith(b"HTTP/1.1 200"):
                print(f"{time.time():.4f}")
                return
        time.sleep(0.002)


class Load:
    """Callers that call one after the other, each as soon as it has its answer."""

    def __init__(self, channel):
        self.stub = services.ClassificationServiceStub(channel)
        self.stopped = threading.Event()
        self.times, self.failed = [], []

    def call(self):
        message = request(TEXT * 10)
        while not self.stopped.is_set():
            start = time.perf_counter()
            try:
                self.stub.ClassifyArticle(message, timeout=10)
                self.times.append(time.perf_counter() - start)
            except grpc.RpcError as error:
                self.failed.append(f"{error.code()}: {error.details()}")

    def run(self, wait):
        callers = [threading.Thread(target=self.call) for _ in range(CALLERS)]
        start = time.time()
        for caller in callers:
            caller.start()
        wait()
        self.stopped.set()
        for caller in callers:
            caller.join()
        times = sorted(self.times)
        place = lambda share: round(1000 * times[int(share * (len(times) - 1))], 2) if times else None
        print(
            json.dumps(
                {
                    "answered": len(times),
                    "failed": len(self.failed),
                    "seconds": round(time.time() - start, 2),
                    "p50_ms": place(0.5),
                    "p99_ms": place(0.99),
                    "max_ms": place(1),
                    "first_failures": self.failed[:3],
                }
            )
        )


def load(target, seconds):
    with grpc.insecure_channel(target) as channel:
        run, leaving = Load(channel), threading.Event()

        def watch():
            try:
                for change in health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest()):
                    if change.status != SERVING:
                        break
            except grpc.RpcError:
                pass
            leaving.set()

        threading.Thread(target=watch, daemon=True).start()
        run.run(lambda: leaving.wait(float(seconds)))


def balance(target, stop_file):
    # A list of addresses is no :authority; with dns:/// it is the name.
    options = [("grpc.service_config", json.dumps(SERVICE_CONFIG)), ("grpc.default_authority", "bayeswire")]
    with grpc.insecure_channel(target, options) as channel:

        def wait():
            while not os.path.exists(stop_file):
                time.sleep(0.05)

        Load(channel).run(wait)


def frame(size, file):
    size = int(size)
    message = request((TEXT * (size // len(TEXT) + 1))[:size]).SerializeToString()
    with open(file, "wb") as out:
        out.write(b"\0" + struct.pack(">I", len(message)) + message)


if __name__ == "__main__":
    {"ask": ask, "serving": serving, "ready": ready, "load": load, "balance": balance, "frame": frame}[sys.argv[1]](*sys.argv[2:])
