"""Triton's own client, for which this server is a Triton server: the Open Inference Protocol."""

import os
import unittest

import numpy
import tritonclient.grpc as triton

TEXTS = [
    "The foreign ministers of both countries met in Geneva on Friday to sign a treaty on their common border.",
    "Thousands of protesters marched through the capital and chanted slogans until police fired tear gas at them.",
    "Peace.",
]
MODEL = "news-topic"


def tensor(name, texts):
    texts = numpy.array([text.encode() for text in texts], dtype=numpy.object_)
    made = triton.InferInput(name, list(texts.shape), "BYTES")
    made.set_data_from_numpy(texts)
    return made


class Inference(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = triton.InferenceServerClient(os.environ["BAYESWIRE_ADDRESS"])
        cls.addClassCleanup(cls.client.close)

    def test_live_ready_and_described(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready(MODEL))
        self.assertFalse(self.client.is_model_ready("no-model"))
        self.assertEqual(self.client.get_server_metadata().name, "bayeswire")
        model = self.client.get_model_metadata(MODEL)
        self.assertEqual({(i.name, i.datatype, tuple(i.shape)) for i in model.inputs},
                         {("text", "BYTES", (-1,)), ("title", "BYTES", (-1,))})
        self.assertEqual({(o.name, o.datatype) for o in model.outputs},
                         {("topic", "BYTES"), ("probability", "FP64"), ("abstained", "BOOL")})

    def test_raw_tensors(self):
        asked = [triton.InferRequestedOutput(name) for name in ("abstained", "topic", "probability")]
        answer = self.client.infer(MODEL, [tensor("text", TEXTS)], outputs=asked, request_id="i-1")
        self.assertEqual(answer.get_response().id, "i-1")
        self.assertEqual(answer.as_numpy("topic").tolist(), [b"diplomacy", b"protest", b""])
        self.assertEqual(answer.as_numpy("abstained").tolist(), [False, False, True])
        probability = answer.as_numpy("probability")
        self.assertEqual(probability.dtype, numpy.float64)
        self.assertTrue(((probability > 0.25) & (probability <= 1)).all(), probability)

    def test_titles_are_read_as_well(self):
        titles = ["", "", "The foreign ministers of both countries met in Geneva on Friday to sign a treaty."]
        answer = self.client.infer(MODEL, [tensor("text", TEXTS), tensor("title", titles)])
        self.assertEqual(answer.as_numpy("topic")[2], b"diplomacy")

    def test_typed_tensors(self):
        # The stubs that come with tritonclient; its own calls send raw tensors only.
        pb = triton.service_pb2
        stub = triton.service_pb2_grpc.GRPCInferenceServiceStub(self.client._channel)
        text = pb.ModelInferRequest.InferInputTensor(name="text", datatype="BYTES", shape=[len(TEXTS)])
        text.contents.bytes_contents.extend(text.encode() for text in TEXTS)
        answer = stub.ModelInfer(pb.ModelInferRequest(model_name=MODEL, inputs=[text]))
        self.assertFalse(answer.raw_output_contents)
        outputs = {output.name: output.contents for output in answer.outputs}
        self.assertEqual(list(outputs["topic"].bytes_contents), [b"diplomacy", b"protest", b""])
        self.assertEqual(list(outputs["abstained"].bool_contents), [False, False, True])
        raw = self.client.infer(MODEL, [tensor("text", TEXTS)]).as_numpy("probability").tolist()
        self.assertEqual(list(outputs["probability"].fp64_contents), raw)

    def test_errors_are_what_triton_clients_expect(self):
        for model, texts, code, message in [
            ("no-model", TEXTS, "StatusCode.NOT_FOUND", "no-model"),
            (MODEL, ["peace", " "], "StatusCode.INVALID_ARGUMENT", "is empty"),
        ]:
            with self.assertRaises(triton.InferenceServerException) as failed:
                self.client.infer(model, [tensor("text", texts)])
            self.assertEqual(failed.exception.status(), code)
            self.assertIn(message, failed.exception.message())


if __name__ == "__main__":
    unittest.main()
