"""The server under test, as a process of its own on ports that the system chose."""

import contextlib
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import urllib.request

import grpc

BINARY = os.environ["BAYESWIRE_BINARY"]
DEFAULT_MODEL = pathlib.Path(os.environ["BAYESWIRE_REPOSITORY"], "models/default/default.model")
# Much longer than anything here takes: reached only when something hangs.
PATIENCE = 30


class Server:
    """`bayeswire serve` with ARGUMENTS; `with Server() as server:` stops it again and looks at how it ended."""

    def __init__(self, *arguments, address="127.0.0.1:0", wait_for="serving"):
        command = [BINARY, "serve", "--listen", address, "--admin-listen", "127.0.0.1:0"]
        command += ["--log-format", "json", *map(str, arguments)]
        # By environment, so that an argument can say otherwise.
        environment = {**os.environ, "BAYESWIRE_DRAIN_DELAY": "0"}
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self.log = []
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.admin = self.wait_for_line("admin")["address"]
            self.address = self.wait_for_line(wait_for)["address"]
        except BaseException:
            self.process.kill()
            raise

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def wait_for_line(self, beginning):
        """The fields of the next log line whose message begins so."""
        with contextlib.suppress(queue.Empty):
            while (line := self._lines.get(timeout=PATIENCE)) is not None:
                with contextlib.suppress(ValueError):
                    fields = json.loads(line)["fields"]
                    if fields["message"].startswith(beginning):
                        return fields
        raise AssertionError(f"the server did not say {beginning!r}: {''.join(self.log)}")

    def channel(self, **arguments):
        """A plain connection of its own: grpcio lets equal channels share one."""
        options = [("grpc.use_local_subchannel_pool", 1), *arguments.pop("options", [])]
        return grpc.insecure_channel(self.address, options=options, **arguments)

    def metrics(self):
        with urllib.request.urlopen(f"http://{self.admin}/metrics", timeout=PATIENCE) as answer:
            return answer.read().decode()

    def metric(self, name):
        """The value of a metric, with its labels as they are written."""
        for line in self.metrics().splitlines():
            if line.startswith(name + " "):
                return float(line.removeprefix(name))
        raise AssertionError(f"no metric {name}")

    def tell_to_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Stops it; a server that panicked or did not end well fails the test."""
        self.tell_to_stop()
        try:
            status = self.process.wait(timeout=PATIENCE)
        finally:
            self.process.kill()
            self._reader.join()
            self.process.stderr.close()
        log = "".join(self.log)
        assert status == 0, f"exit status {status}: {log}"
        assert "panic" not in log and '"ERROR"' not in log, log

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop()
        except AssertionError:
            if kind is None:
                raise
