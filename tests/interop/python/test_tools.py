"""Programs that know the server by reflection only (buf by v1, grpcurl by v1alpha), and promtool on the metrics."""

import base64
import json
import subprocess
import unittest

from calls import DETAILS, TEXT, violations
from server import Server

SERVICE = "bayeswire.v1.ClassificationService"
ARTICLE, EMPTY = json.dumps({"article": {"text": TEXT}}), json.dumps({"article": {"text": ""}})


def run(*command, stdin=None):
    return subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=30)


class Tools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def buf(self, method, data, reflection):
        url = f"http://{self.server.address}/{SERVICE}/{method}"
        return run("buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--reflect-protocol", reflection,
                   "--data", data, url)

    def grpcurl(self, *arguments):
        return run("grpcurl", "-plaintext", *arguments)

    def test_buf_finds_out_and_calls(self):
        for reflection in ["grpc-v1", "grpc-v1alpha"]:
            done = self.buf("ClassifyArticle", ARTICLE, reflection)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["classification"]["topic"], "diplomacy")

    def test_buf_shows_the_details_of_an_error(self):
        done = self.buf("ClassifyArticle", EMPTY, "grpc-v1")
        # 8 times the code.
        self.assertEqual(done.returncode, 3 * 8, done.stderr)
        error = json.loads(done.stderr)
        self.assertEqual(error["code"], "invalid_argument")
        details = {detail["type"].rpartition(".")[2]: detail["value"] for detail in error["details"]}
        # Base64 without its padding.
        details = {name: DETAILS[name].FromString(base64.b64decode(value + "==")) for name, value in details.items()}
        self.assertEqual(details["ErrorInfo"].reason, "ARTICLE_TEXT_EMPTY")
        self.assertEqual(violations(details), {("article.text", "ARTICLE_TEXT_EMPTY")})

    def test_grpcurl_lists_and_calls(self):
        listed = self.grpcurl(self.server.address, "list")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn(SERVICE, listed.stdout.split())
        done = self.grpcurl("-d", ARTICLE, self.server.address, f"{SERVICE}/ClassifyArticle")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["classification"]["topic"], "diplomacy")

    def test_grpcurl_decodes_the_details_of_an_error(self):
        done = self.grpcurl("-d", EMPTY, self.server.address, f"{SERVICE}/ClassifyArticle")
        self.assertNotEqual(done.returncode, 0)
        for part in ["InvalidArgument", "ARTICLE_TEXT_EMPTY", '"field":"article.text"', '"domain":"bayeswire"']:
            self.assertIn(part, done.stderr)

    def test_promtool_finds_nothing_wrong_with_the_metrics(self):
        # After answers and errors, so that every kind of metric has a value.
        self.assertEqual(self.buf("ClassifyArticle", ARTICLE, "grpc-v1").returncode, 0)
        self.assertNotEqual(self.buf("ClassifyArticle", EMPTY, "grpc-v1").returncode, 0)
        metrics = self.server.metrics()
        for name in ["bayeswire_build_info", "bayeswire_rpcs_in_flight", "bayeswire_shed_total"]:
            self.assertIn(f"\n# TYPE {name} ", metrics)
        checked = run("promtool", "check", "metrics", stdin=metrics)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
