"""ModelService: what an operator asks and tells."""

import hashlib
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from bayeswire.v1 import classification_pb2 as c, model_service_pb2 as m
from calls import classification, models, request
from server import BINARY, Server


def train(folder, name):
    """Writes a model of two topics, different for every name; its revision."""
    articles = [("rain", f"Heavy rain is forecast for the coast, says {name}."), ("goal", "A late goal won the cup.")]
    lines = [json.dumps({"topic": topic, "text": text}) for topic, text in articles]
    train = [BINARY, "train", "-", "--alpha", "0.1", "--output", str(Path(folder, f"{name}.model"))]
    subprocess.run(train, input="\n".join(lines), text=True, check=True, capture_output=True)
    return hashlib.sha256(Path(folder, f"{name}.model").read_bytes()).hexdigest()


class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.revisions = {name: train(folder, name) for name in ("one", "two", "three", "four", "five")}
        cls.server = cls.enterClassContext(Server("--model", folder))
        cls.channel = cls.enterClassContext(cls.server.channel())
        cls.models, cls.service = models(cls.channel), classification(cls.channel)

    def answered_by(self, revision=""):
        options = c.ClassificationOptions(model_revision=revision)
        return self.service.ClassifyArticle(request(options=options)).classification.model_revision

    def test_the_server_tells_what_it_is(self):
        info = self.models.GetServerInfo(m.GetServerInfoRequest())
        self.assertRegex(info.version, r"^\d+\.\d+\.\d+")
        self.assertEqual((info.limits.max_batch_articles, info.limits.max_text_bytes), (1000, 1 << 20))
        self.assertLessEqual({"batch", "explain", "grpc-web", "model-directory", "stream"}, set(info.features))
        self.assertIn(info.active_revision, self.revisions.values())

    def test_all_revisions_are_listed_page_by_page(self):
        found, token, pages = [], "", 0
        while pages == 0 or token:
            page = self.models.ListModelRevisions(m.ListModelRevisionsRequest(page_size=2, page_token=token))
            self.assertLessEqual(len(page.revisions), 2)
            found += [(r.file_name.removesuffix(".model"), r.model_revision) for r in page.revisions]
            token, pages = page.next_page_token, pages + 1
        self.assertEqual((len(found), dict(found), pages), (5, self.revisions, 3))

    def test_activating_validating_and_rolling_back(self):
        one, two = self.revisions["one"], self.revisions["two"]
        activate = lambda revision, **more: self.models.ActivateModelRevision(
            m.ActivateModelRevisionRequest(model_revision=revision, **more))
        answer = activate(one)
        self.assertTrue(answer.recorded)
        self.assertEqual(answer.revision.state, m.MODEL_REVISION_STATE_ACTIVE)
        self.assertEqual(self.answered_by(), one)
        self.assertEqual(activate(two, validate_only=True).previous_revision, one)
        self.assertEqual(self.answered_by(), one)
        self.assertEqual(activate(two).previous_revision, one)
        self.assertEqual((self.answered_by(), self.answered_by(one)), (two, one))
        told = self.models.GetModelRevision(m.GetModelRevisionRequest(model_revision=one)).revision
        self.assertEqual((told.state, told.rollback_target), (m.MODEL_REVISION_STATE_HELD, True))
        self.assertEqual([t.topic for t in told.facts.topics], ["goal", "rain"])
        back = self.models.RollbackModel(m.RollbackModelRequest())
        self.assertEqual((back.revision.model_revision, back.previous_revision), (one, two))
        self.assertEqual(self.answered_by(), one)

    def test_a_term_has_a_weight_for_every_topic(self):
        found = self.models.LookUpTerm(m.LookUpTermRequest(term="Goals"))
        self.assertEqual((found.term, found.articles), ("goal", 1))
        weights = {w.topic: w.weight for w in found.weights}
        self.assertGreater(weights["goal"], weights["rain"])


if __name__ == "__main__":
    unittest.main()
