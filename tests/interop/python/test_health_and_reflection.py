"""The services that every gRPC server has: health (checked and watched), reflection."""

import unittest

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2 as h, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from calls import TEXT
from server import Server

SERVICES = ["bayeswire.v1.ClassificationService", "bayeswire.v1.ModelService", "inference.GRPCInferenceService"]


class Health(unittest.TestCase):
    def test_every_service_serves_and_no_other_is_known(self):
        with Server() as server, server.channel() as channel:
            health = health_pb2_grpc.HealthStub(channel)
            for name in ["", *SERVICES]:
                status = health.Check(h.HealthCheckRequest(service=name)).status
                self.assertEqual(status, h.HealthCheckResponse.SERVING, name)
            with self.assertRaises(grpc.RpcError) as failed:
                health.Check(h.HealthCheckRequest(service="no.Service"))
            self.assertEqual(failed.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_a_watch_hears_that_the_server_stops(self):
        with Server("--drain-delay", 0.3) as server, server.channel() as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(h.HealthCheckRequest(service=SERVICES[0]))
            self.assertEqual(next(watch).status, h.HealthCheckResponse.SERVING)
            server.tell_to_stop()
            self.assertEqual(next(watch).status, h.HealthCheckResponse.NOT_SERVING)


class Reflection(unittest.TestCase):
    def test_a_client_that_knows_nothing_can_call(self):
        with Server() as server, server.channel() as channel:
            known = ProtoReflectionDescriptorDatabase(channel)
            self.assertLessEqual({*SERVICES, "grpc.health.v1.Health"}, set(known.get_services()))
            pool = DescriptorPool(known)
            method = pool.FindServiceByName(SERVICES[0]).FindMethodByName("ClassifyArticle")
            request, answer = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
            call = channel.unary_unary(f"/{SERVICES[0]}/{method.name}", request.SerializeToString, answer.FromString)
            self.assertEqual(call(request(article={"text": TEXT})).classification.topic, "diplomacy")
            # What errors hold is known as well.
            self.assertEqual(pool.FindMessageTypeByName("google.rpc.ErrorInfo").fields[0].name, "reason")


if __name__ == "__main__":
    unittest.main()
