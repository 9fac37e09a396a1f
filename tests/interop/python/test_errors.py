"""Every row of the table of errors that a client can cause: code, reason, details."""

import hashlib
import math
import os
import tempfile
import unittest
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bayeswire.v1 import classification_pb2 as c, classification_service_pb2 as messages
from bayeswire.v1 import model_service_pb2 as m
from calls import TEXT, article, classification, failure, models, open_stream, request, until, violations
from server import DEFAULT_MODEL, Server

NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
Code = grpc.StatusCode
PRIORS = {"diplomacy": 1, "protest": 1, "conflict": 1, "other": 1}


def batch(count):
    return messages.BatchClassifyArticlesRequest(articles=[article("peace")] * count)


class BadRequests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server("--max-text-bytes", 1000, "--max-message-bytes", 100_000))
        cls.channel = cls.enterClassContext(cls.server.channel())
        cls.service, cls.models = classification(cls.channel), models(cls.channel)

    def refused(self, call, *expected, limit=None):
        code, details = failure(call)
        self.assertEqual(code, Code.INVALID_ARGUMENT)
        self.assertEqual(violations(details), set(expected))
        self.assertIn(details["ErrorInfo"].reason, {reason for _, reason in expected})
        self.assertEqual(details["ErrorInfo"].metadata.get("limit"), limit)

    def test_every_field_outside_its_limits_is_named(self):
        def classify(*arguments, **fields):
            return lambda: self.service.ClassifyArticle(request(*arguments, **fields))

        def options(**fields):
            return classify(TEXT, c.ClassificationOptions(**fields))

        for call, field, reason, limit in [
            (classify(""), "article.text", "ARTICLE_TEXT_EMPTY", None),
            (classify(" \n\t"), "article.text", "ARTICLE_TEXT_EMPTY", None),
            (classify("a" * 1001), "article.text", "TEXT_TOO_LONG", "1000"),
            (classify("a" * 900, title="b" * 101), "article.text", "TEXT_TOO_LONG", "1000"),
            (classify(article_id="i" * 129), "article.article_id", "ARTICLE_ID_TOO_LONG", "128"),
            (classify(language_code="no language"), "article.language_code", "LANGUAGE_CODE_INVALID", None),
            (options(model_revision="latest"), "options.model_revision", "MODEL_REVISION_INVALID", None),
            (options(min_probability=1.5), "options.min_probability", "MIN_PROBABILITY_INVALID", None),
            (options(min_probability=math.nan), "options.min_probability", "MIN_PROBABILITY_INVALID", None),
            (options(min_coverage=-0.1), "options.min_coverage", "MIN_COVERAGE_INVALID", None),
            (options(max_strangeness=math.nan), "options.max_strangeness", "MAX_STRANGENESS_INVALID", None),
            (options(max_evidence_terms=-1), "options.max_evidence_terms", "MAX_EVIDENCE_TERMS_INVALID", None),
            (options(topic_priors={**PRIORS, "other": math.nan}), "options.topic_priors", "TOPIC_PRIORS_INVALID", None),
            (options(topic_priors={**PRIORS, "other": -1}), "options.topic_priors", "TOPIC_PRIORS_INVALID", None),
            (options(topic_priors={"diplomacy": 1}), "options.topic_priors", "TOPIC_PRIORS_INVALID", None),
            (options(topic_priors={**PRIORS, "sport": 1}), "options.topic_priors", "TOPIC_PRIORS_INVALID", None),
        ]:
            with self.subTest(field=field, reason=reason):
                self.refused(call, (field, reason), limit=limit)

    def test_a_missing_article_is_named(self):
        call = lambda: self.service.ClassifyArticle(messages.ClassifyArticleRequest())
        self.refused(call, ("article", "ARTICLE_MISSING"))

    def test_all_violations_are_told_at_once(self):
        options = c.ClassificationOptions(min_probability=-1, max_evidence_terms=1001)
        call = lambda: self.service.ClassifyArticle(request("", options, language_code="-"))
        self.refused(
            call,
            ("article.text", "ARTICLE_TEXT_EMPTY"),
            ("article.language_code", "LANGUAGE_CODE_INVALID"),
            ("options.min_probability", "MIN_PROBABILITY_INVALID"),
            ("options.max_evidence_terms", "MAX_EVIDENCE_TERMS_INVALID"),
        )

    def test_batches_of_none_and_of_too_many(self):
        self.refused(lambda: self.service.BatchClassifyArticles(batch(0)), ("articles", "BATCH_EMPTY"), limit="1000")
        self.refused(lambda: self.service.BatchClassifyArticles(batch(1001)), ("articles", "BATCH_TOO_LARGE"),
                     limit="1000")

    def test_an_explanation_against_no_topic(self):
        explain = messages.ExplainArticleRequest(article=article(), against_topic="sport")
        self.refused(lambda: self.service.ExplainArticle(explain), ("against_topic", "AGAINST_TOPIC_INVALID"))

    def test_pages_and_terms(self):
        pages = m.ListModelRevisionsRequest
        self.refused(lambda: self.models.ListModelRevisions(pages(page_size=101)), ("page_size", "PAGE_SIZE_INVALID"),
                     limit="100")
        self.refused(lambda: self.models.ListModelRevisions(pages(page_token="2")),
                     ("page_token", "PAGE_TOKEN_INVALID"))
        self.refused(lambda: self.models.LookUpTerm(m.LookUpTermRequest(term="one two three")),
                     ("term", "TERM_INVALID"), limit="256")

    def test_messages_that_are_none_or_too_long(self):
        raw = self.channel.unary_unary("/bayeswire.v1.ClassificationService/ClassifyArticle")
        code, details = failure(lambda: raw(b"\x0a\xff\xff"))
        self.assertEqual((code, details["ErrorInfo"].reason), (Code.INVALID_ARGUMENT, "MESSAGE_MALFORMED"))
        code, details = failure(lambda: self.service.ClassifyArticle(request("a" * 200_000)))
        self.assertEqual((code, details["ErrorInfo"].reason), (Code.INVALID_ARGUMENT, "MESSAGE_TOO_LARGE"))
        self.assertEqual(details["ErrorInfo"].metadata["limit"], "100000")

    def test_a_method_that_there_is_not(self):
        for path in ["/bayeswire.v1.ClassificationService/Nothing", "/no.Service/Nothing"]:
            with self.assertRaises(grpc.RpcError) as failed:
                self.channel.unary_unary(path)(b"")
            self.assertEqual(failed.exception.code(), Code.UNIMPLEMENTED)

    def test_a_revision_or_term_that_is_not_held(self):
        options = c.ClassificationOptions(model_revision="0" * 64)
        for call, reason, name in [
            (lambda: self.service.ClassifyArticle(request(options=options)), "REVISION_NOT_FOUND", "0" * 64),
            (lambda: self.models.ActivateModelRevision(m.ActivateModelRevisionRequest(model_revision="0" * 64)),
             "REVISION_NOT_FOUND", "0" * 64),
            (lambda: self.models.LookUpTerm(m.LookUpTermRequest(term="qwertz")), "TERM_NOT_FOUND", "qwertz"),
        ]:
            with self.subTest(reason=reason):
                code, details = failure(call)
                self.assertEqual((code, details["ErrorInfo"].reason), (Code.NOT_FOUND, reason))
                self.assertEqual(details["ResourceInfo"].resource_name, name)

    def test_nothing_to_roll_back_to(self):
        code, details = failure(lambda: self.models.RollbackModel(m.RollbackModelRequest()))
        self.assertEqual((code, details["ErrorInfo"].reason), (Code.FAILED_PRECONDITION, "NO_EARLIER_REVISION"))


class Moments(unittest.TestCase):
    """Errors of the server's state, not of the request."""

    def test_no_model_yet(self):
        with tempfile.TemporaryDirectory() as folder:
            # Reading a pipe that nobody writes to takes as long as the test wants.
            pipe = Path(folder, "slow.model")
            os.mkfifo(pipe)
            server = Server("--model", pipe, wait_for="listening")
            with server, server.channel() as channel:
                code, details = failure(lambda: classification(channel).ClassifyArticle(request()))
                self.assertEqual((code, details["ErrorInfo"].reason), (Code.UNAVAILABLE, "MODEL_NOT_LOADED"))
                self.assertGreater(details["RetryInfo"].retry_delay.ToTimedelta().total_seconds(), 0)
                pipe.write_bytes(DEFAULT_MODEL.read_bytes())
                server.wait_for_line("serving")
                answer = classification(channel).ClassifyArticle(request())
                self.assertEqual(answer.classification.topic, "diplomacy")

    def test_over_the_concurrency_limit(self):
        with Server("--concurrency-limit", 1) as server, server.channel() as channel:
            service = classification(channel)
            with open_stream(service) as (send, answers):
                send(messages.StreamClassifyArticlesRequest(article=article()))
                next(answers)
                code, details = failure(lambda: service.ClassifyArticle(request()))
                self.assertEqual((code, details["ErrorInfo"].reason), (Code.RESOURCE_EXHAUSTED, "CONCURRENCY_LIMIT"))
                self.assertEqual(details["ErrorInfo"].metadata["limit"], "1")
                self.assertGreater(details["RetryInfo"].retry_delay.ToTimedelta().total_seconds(), 0)
            until(lambda: server.metric("bayeswire_rpcs_in_flight") == 0, "the stream has ended")
            self.assertEqual(service.ClassifyArticle(request()).classification.topic, "diplomacy")
            self.assertEqual(server.metric("bayeswire_shed_total"), 1)

    def test_over_the_servers_own_deadline(self):
        with Server("--deadline", 0.001) as server, server.channel() as channel:
            long = messages.BatchClassifyArticlesRequest(articles=[article(f"{TEXT} " * 10)] * 1000)
            code, details = failure(lambda: classification(channel).BatchClassifyArticles(long))
            self.assertEqual((code, details["ErrorInfo"].reason), (Code.DEADLINE_EXCEEDED, "DEADLINE"))

    def test_stopping(self):
        # Who waits for the next word on a server's health is told that there will be none.
        with Server() as server, server.channel() as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            self.assertEqual(next(watch).status, health_pb2.HealthCheckResponse.SERVING)
            server.tell_to_stop()
            code, details = failure(lambda: [self.assertEqual(now.status, NOT_SERVING) for now in watch])
            self.assertEqual((code, details["ErrorInfo"].reason), (Code.UNAVAILABLE, "DRAINING"))
            self.assertGreater(details["RetryInfo"].retry_delay.ToTimedelta().total_seconds(), 0)

    def test_activating_a_damaged_model(self):
        with tempfile.TemporaryDirectory() as folder, Server("--model", folder) as server, server.channel() as channel:
            damaged = DEFAULT_MODEL.read_bytes()[:-1]
            # Under another name first: a file is seen as a whole.
            Path(folder, "damaged").write_bytes(damaged)
            Path(folder, "damaged").rename(Path(folder, "damaged.model"))
            asked = m.ActivateModelRevisionRequest(model_revision=hashlib.sha256(damaged).hexdigest())
            code, details = failure(lambda: models(channel).ActivateModelRevision(asked))
            self.assertEqual((code, details["ErrorInfo"].reason), (Code.FAILED_PRECONDITION, "MODEL_REJECTED"))
            broken = details["PreconditionFailure"].violations[0]
            self.assertEqual((broken.type, broken.subject), ("MODEL", asked.model_revision))
            answer = classification(channel).ClassifyArticle(request())
            self.assertEqual(answer.classification.topic, "diplomacy")


if __name__ == "__main__":
    unittest.main()
