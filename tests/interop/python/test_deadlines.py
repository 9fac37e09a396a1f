"""A caller's deadline is DEADLINE_EXCEEDED, for a call and for a stream, and the server stops working on it."""

import time
import unittest

import grpc

from bayeswire.v1 import classification_service_pb2 as messages
from calls import TEXT, article, classification, request, until
from server import Server


class Deadlines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.channel = cls.enterClassContext(cls.server.channel())
        cls.service = classification(cls.channel)

    def assert_too_late(self, call):
        with self.assertRaises(grpc.RpcError) as failed:
            call()
        self.assertEqual(failed.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        until(lambda: self.server.metric("bayeswire_rpcs_in_flight") == 0, "the server has stopped working")

    def test_a_deadline_that_is_kept(self):
        self.assertEqual(self.service.ClassifyArticle(request(), timeout=5).classification.topic, "diplomacy")

    def test_a_batch_is_left_off_in_the_middle(self):
        long = messages.BatchClassifyArticlesRequest(articles=[article(f"{TEXT} " * 30)] * 1000)
        self.assert_too_late(lambda: self.service.BatchClassifyArticles(long, timeout=0.02))

    def test_a_stream_ends_at_its_deadline(self):
        def requests():
            yield messages.StreamClassifyArticlesRequest(article=article())
            time.sleep(1)

        answers = []
        self.assert_too_late(lambda: answers.extend(self.service.StreamClassifyArticles(requests(), timeout=0.3)))

    def test_the_server_says_so_itself(self):
        # Sent as a header of the caller's own, since grpcio would give up by itself at the same moment.
        long = messages.BatchClassifyArticlesRequest(articles=[article(f"{TEXT} " * 30)] * 1000)
        with self.assertRaises(grpc.RpcError) as failed:
            self.service.BatchClassifyArticles(long, metadata=[("grpc-timeout", "1m")])
        self.assertEqual(failed.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)


if __name__ == "__main__":
    unittest.main()
