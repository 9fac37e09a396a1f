"""Generated stubs: one article, batches, explanations, compression, the request id."""

import math
import unittest

import grpc

from bayeswire.v1 import classification_pb2 as c, classification_service_pb2 as messages
from calls import MARCH, TEXT, article, classification, details_of, request, violations
from server import Server

# A reply with so much evidence is long enough to be compressed.
LONG = " ".join([TEXT, MARCH] * 40)


class Classification(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.channel = cls.enterClassContext(cls.server.channel())
        cls.service = classification(cls.channel)

    def test_an_article_gets_a_topic_with_probabilities_and_evidence(self):
        options = c.ClassificationOptions(max_evidence_terms=5)
        answer = self.service.ClassifyArticle(request(article_id="a-1", options=options, title="Treaty"))
        found = answer.classification
        self.assertEqual(answer.article_id, "a-1")
        self.assertEqual((found.decision, found.topic), (c.DECISION_ASSIGNED, "diplomacy"))
        self.assertEqual(found.abstain_reason, c.ABSTAIN_REASON_UNSPECIFIED)
        self.assertEqual({t.topic for t in found.topics}, {"diplomacy", "protest", "conflict", "other"})
        self.assertAlmostEqual(sum(t.probability for t in found.topics), 1, places=9)
        self.assertEqual([t.topic for t in found.topics if t.background], ["other"])
        self.assertRegex(found.model_revision, "^[0-9a-f]{64}$")
        self.assertEqual(len(found.evidence), 5)
        fields = {c.FIELD_TITLE: b"Treaty", c.FIELD_TEXT: TEXT.encode()}
        for term in found.evidence:
            first = term.spans[0]
            place = fields[first.field][first.start_byte : first.end_byte].decode().lower()
            self.assertEqual(place[:4], term.term[:4])

    def test_too_few_words_are_an_abstention_and_no_error(self):
        found = self.service.ClassifyArticle(request("Treaty.")).classification
        self.assertEqual((found.decision, found.topic), (c.DECISION_ABSTAINED, ""))
        self.assertEqual(found.abstain_reason, c.ABSTAIN_REASON_TOO_SHORT)

    def test_the_callers_own_mix_of_topics_takes_the_models_place(self):
        priors = {"diplomacy": 0, "protest": 1, "conflict": 0, "other": 0}
        found = self.service.ClassifyArticle(request(options=c.ClassificationOptions(topic_priors=priors)))
        self.assertEqual((found.classification.topic, found.classification.topics[0].probability), ("protest", 1))

    def test_a_batch_keeps_the_order_and_one_bad_article_spoils_no_other(self):
        articles = [article(TEXT, article_id="0"), article(" ", article_id="1"), article(MARCH, article_id="2")]
        answer = self.service.BatchClassifyArticles(messages.BatchClassifyArticlesRequest(articles=articles))
        self.assertEqual([r.article_id for r in answer.results], ["0", "1", "2"])
        self.assertEqual([r.WhichOneof("outcome") for r in answer.results],
                         ["classification", "error", "classification"])
        self.assertEqual([answer.results[i].classification.topic for i in (0, 2)], ["diplomacy", "protest"])
        error = answer.results[1].error
        self.assertEqual(error.code, grpc.StatusCode.INVALID_ARGUMENT.value[0])
        self.assertEqual(violations(details_of(error)), {("articles[1].text", "ARTICLE_TEXT_EMPTY")})

    def test_a_batch_may_have_a_thousand_articles(self):
        articles = [article(f"{TEXT} {i}", article_id=str(i)) for i in range(1000)]
        answer = self.service.BatchClassifyArticles(messages.BatchClassifyArticlesRequest(articles=articles))
        self.assertEqual([r.article_id for r in answer.results], [str(i) for i in range(1000)])

    def test_an_explanation_adds_up(self):
        answer = self.service.ExplainArticle(messages.ExplainArticleRequest(article=article(MARCH)))
        self.assertEqual(answer.classification.topics[0].topic, "protest")
        self.assertEqual(answer.against_topic, answer.classification.topics[1].topic)
        total = math.fsum([answer.prior_decibans, *(t.decibans for t in answer.terms)])
        self.assertAlmostEqual(total, answer.total_decibans, delta=1e-9)
        self.assertLessEqual(set(answer.flip_terms), {t.term for t in answer.terms})
        self.assertTrue(answer.flip_terms)

    def test_gzip_goes_both_ways(self):
        options = c.ClassificationOptions(max_evidence_terms=100)
        plain = self.service.ClassifyArticle(request(LONG, options))
        with self.server.channel(compression=grpc.Compression.Gzip) as channel:
            self.assertEqual(classification(channel).ClassifyArticle(request(LONG, options)), plain)

    def test_a_request_id_is_echoed_and_made_where_there_is_none(self):
        _, call = self.service.ClassifyArticle.with_call(request(), metadata=[("x-request-id", "interop-7")])
        self.assertEqual(dict(call.initial_metadata())["x-request-id"], "interop-7")
        made = set()
        for _ in range(2):
            _, call = self.service.ClassifyArticle.with_call(request())
            made.add(dict(call.initial_metadata())["x-request-id"])
        self.assertEqual(len(made), 2)
        with self.assertRaises(grpc.RpcError) as failed:
            self.service.ClassifyArticle(request(""), metadata=[("x-request-id", "interop-8")])
        # A status alone is one header frame: grpcio calls it trailing metadata.
        metadata = [*failed.exception.initial_metadata(), *failed.exception.trailing_metadata()]
        self.assertIn(("x-request-id", "interop-8"), metadata)


if __name__ == "__main__":
    unittest.main()
