"""Both ways at once: order, flow control, errors of one article, cancellation."""

import itertools
import threading
import time
import unittest

import grpc

from bayeswire.v1 import classification_service_pb2 as messages
from calls import MARCH, TEXT, article, classification, details_of, open_stream, until, violations
from server import Server


def numbered(numbers, text=TEXT):
    for number in numbers:
        yield messages.StreamClassifyArticlesRequest(article=article(text, article_id=str(number)))


class Streaming(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        # Without a window that grows by itself: the test of flow control counts on a small one.
        options = [("grpc.http2.bdp_probe", 0)]
        cls.channel = cls.enterClassContext(cls.server.channel(options=options))
        cls.service = classification(cls.channel)

    def test_every_request_has_its_answer_before_the_next_is_sent(self):
        with open_stream(self.service) as (send, answers):
            for number, (text, topic) in enumerate([(TEXT, "diplomacy"), (MARCH, "protest"), (TEXT, "diplomacy")]):
                send(*numbered([number], text))
                result = next(answers).result
                self.assertEqual((result.article_id, result.classification.topic), (str(number), topic))

    def test_an_error_of_one_article_does_not_end_the_stream(self):
        requests = itertools.chain(numbered([0]), numbered([1], " "), numbered([2]))
        results = [answer.result for answer in self.service.StreamClassifyArticles(requests)]
        self.assertEqual([r.WhichOneof("outcome") for r in results], ["classification", "error", "classification"])
        details = details_of(results[1].error)
        self.assertEqual(violations(details), {("article.text", "ARTICLE_TEXT_EMPTY")})

    def test_a_stream_of_nothing_ends_well(self):
        stream = self.service.StreamClassifyArticles(iter(()))
        self.assertEqual(list(stream), [])
        self.assertEqual(stream.code(), grpc.StatusCode.OK)

    def test_who_does_not_read_is_not_read_from(self):
        total, sent = 4000, 0

        def requests():
            nonlocal sent
            for request in numbered(range(total), f"{TEXT} " * 40):
                sent += 1
                yield request

        stream = self.service.StreamClassifyArticles(requests())
        before = -1
        while sent != before:
            before = sent
            time.sleep(0.3)
        # 16 MB want to be sent; both windows and what is on the way hold a fraction of it.
        self.assertLess(sent, total / 2)
        self.assertEqual([answer.result.article_id for answer in stream], [str(i) for i in range(total)])
        self.assertEqual((sent, stream.code()), (total, grpc.StatusCode.OK))

    def test_a_cancelled_stream_ends_on_both_sides(self):
        stream = self.service.StreamClassifyArticles(numbered(itertools.count()))
        for number in range(100):
            self.assertEqual(next(stream).result.article_id, str(number))
        self.assertEqual(self.server.metric("bayeswire_rpcs_in_flight"), 1)
        stream.cancel()
        with self.assertRaises(grpc.RpcError) as ended:
            list(stream)
        self.assertEqual(ended.exception.code(), grpc.StatusCode.CANCELLED)
        until(lambda: self.server.metric("bayeswire_rpcs_in_flight") == 0, "the server has let go of the call")

    def test_many_streams_share_a_connection(self):
        def run(results, name):
            answers = self.service.StreamClassifyArticles(numbered(range(300)))
            results[name] = [answer.result.article_id for answer in answers]

        results = {}
        threads = [threading.Thread(target=run, args=(results, name)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, {name: [str(i) for i in range(300)] for name in range(8)})


if __name__ == "__main__":
    unittest.main()
