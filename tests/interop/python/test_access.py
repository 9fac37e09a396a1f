"""Tokens and certificates: who may call, who may not, and how that is said."""

import pathlib
import tempfile
import unittest

import grpc
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bayeswire.v1 import model_service_pb2 as m
from calls import classification, failure, models, request
from server import Server

CLASSIFY, OPERATE = "classify-0123456789abcdef", "operate-0123456789abcdef"
Code = grpc.StatusCode


def bearer(token):
    return [("authorization", f"Bearer {token}")]


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        file = pathlib.Path(folder, "tokens")
        file.write_text(f"classify {CLASSIFY}\noperate {OPERATE}\n")
        cls.server = cls.enterClassContext(Server("--token-file", file))
        cls.channel = cls.enterClassContext(cls.server.channel())

    def assert_refused(self, call, code, reason):
        refused, details = failure(call)
        self.assertEqual((refused, details["ErrorInfo"].reason), (code, reason))

    def test_a_token_is_asked_for(self):
        classify = classification(self.channel).ClassifyArticle
        self.assert_refused(lambda: classify(request()), Code.UNAUTHENTICATED, "TOKEN_INVALID")
        for wrong in ["guess", CLASSIFY + "0", CLASSIFY[:-1], ""]:
            call = lambda: classify(request(), metadata=bearer(wrong))
            self.assert_refused(call, Code.UNAUTHENTICATED, "TOKEN_INVALID")
        self.assertEqual(classify(request(), metadata=bearer(CLASSIFY)).classification.topic, "diplomacy")

    def test_only_operators_may_change_what_is_served(self):
        roll_back, rollback = models(self.channel).RollbackModel, m.RollbackModelRequest()
        self.assert_refused(lambda: roll_back(rollback, metadata=bearer(CLASSIFY)), Code.PERMISSION_DENIED,
                            "ROLE_MISSING")
        # Let in, and then told that there is no revision to go back to.
        self.assert_refused(lambda: roll_back(rollback, metadata=bearer(OPERATE)), Code.FAILED_PRECONDITION,
                            "NO_EARLIER_REVISION")

    def test_health_is_open(self):
        answer = health_pb2_grpc.HealthStub(self.channel).Check(health_pb2.HealthCheckRequest())
        self.assertEqual(answer.status, health_pb2.HealthCheckResponse.SERVING)


class Certificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.authority, cls.stranger = trustme.CA(), trustme.CA()
        cls.authority.cert_pem.write_to_path(cls.folder / "ca.pem")
        served = cls.authority.issue_cert("localhost", "127.0.0.1")
        served.private_key_pem.write_to_path(cls.folder / "key.pem")
        for blob in served.cert_chain_pems:
            blob.write_to_path(cls.folder / "cert.pem", append=True)
        cls.tls = ["--tls-cert", cls.folder / "cert.pem", "--tls-key", cls.folder / "key.pem"]

    def channel(self, server, authority=None, identity=None):
        pem = dict(root_certificates=(authority or self.authority).cert_pem.bytes())
        if identity:
            pem["private_key"] = identity.private_key_pem.bytes()
            pem["certificate_chain"] = b"".join(blob.bytes() for blob in identity.cert_chain_pems)
        return grpc.secure_channel(server.address, grpc.ssl_channel_credentials(**pem))

    def assert_unavailable(self, channel):
        with channel, self.assertRaises(grpc.RpcError) as failed:
            classification(channel).ClassifyArticle(request(), timeout=10)
        self.assertEqual(failed.exception.code(), Code.UNAVAILABLE)

    def test_tls(self):
        with Server(*self.tls) as server:
            with self.channel(server) as channel:
                answer = classification(channel).ClassifyArticle(request())
                self.assertEqual(answer.classification.topic, "diplomacy")
            self.assert_unavailable(self.channel(server, self.stranger))
            self.assert_unavailable(server.channel())

    def test_mutual_tls(self):
        roles = ["--tls-client-ca", self.folder / "ca.pem", "--operate-names", "operator.example"]
        with Server(*self.tls, *roles) as server:
            rollback = m.RollbackModelRequest()
            with self.channel(server, identity=self.authority.issue_cert("reader.example")) as channel:
                answer = classification(channel).ClassifyArticle(request())
                self.assertEqual(answer.classification.topic, "diplomacy")
                code, details = failure(lambda: models(channel).RollbackModel(rollback))
                self.assertEqual((code, details["ErrorInfo"].reason), (Code.PERMISSION_DENIED, "ROLE_MISSING"))
            with self.channel(server, identity=self.authority.issue_cert("operator.example")) as channel:
                code, _ = failure(lambda: models(channel).RollbackModel(rollback))
                self.assertEqual(code, Code.FAILED_PRECONDITION)
            self.assert_unavailable(self.channel(server))
            self.assert_unavailable(self.channel(server, identity=self.stranger.issue_cert("operator.example")))


if __name__ == "__main__":
    unittest.main()
