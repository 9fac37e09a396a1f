"""Stubs, articles, and what a status says."""

import contextlib
import queue
import time

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from bayeswire.v1 import article_pb2, classification_service_pb2 as messages
from bayeswire.v1.classification_service_pb2_grpc import ClassificationServiceStub
from bayeswire.v1.model_service_pb2_grpc import ModelServiceStub

TEXT = "The foreign ministers of both countries met in Geneva on Friday to sign a treaty on their common border."
MARCH = "Thousands of protesters marched through the capital and chanted slogans until police fired tear gas at them."

DETAILS = {
    name: getattr(error_details_pb2, name)
    for name in ("ErrorInfo", "BadRequest", "RetryInfo", "ResourceInfo", "PreconditionFailure")
}


def classification(channel):
    return ClassificationServiceStub(channel)


def models(channel):
    return ModelServiceStub(channel)


def article(text=TEXT, **fields):
    return article_pb2.Article(text=text, **fields)


def request(text=TEXT, options=None, **fields):
    return messages.ClassifyArticleRequest(article=article(text, **fields), options=options)


@contextlib.contextmanager
def open_stream(service):
    """A stream under way: what sends a request, and the answers. It is closed from this side at the end."""
    requests = queue.SimpleQueue()
    answers = service.StreamClassifyArticles(iter(requests.get, None), timeout=30)
    try:
        yield requests.put, answers
    finally:
        requests.put(None)
        assert list(answers) == []


def details_of(status):
    """The details of a google.rpc.Status by the names of their types; one of another type is an error."""
    found = {}
    for detail in status.details:
        name = detail.type_url.rpartition(".")[2]
        found[name] = DETAILS[name]()
        assert detail.Unpack(found[name]), detail
    return found


def failure(call):
    """The code and details of a call that must fail with a rich error of this server."""
    try:
        call()
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        assert status is not None, f"no details: {error}"
        assert status.message == error.details() and status.message, error
        details = details_of(status)
        assert details["ErrorInfo"].domain == "bayeswire", details
        return error.code(), details
    raise AssertionError("the call did not fail")


def violations(details):
    return {(v.field, v.reason) for v in details["BadRequest"].field_violations}


def until(condition, what, patience=10):
    """Waits until CONDITION holds; WHAT says what is waited for, or is called to say it when it was in vain."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what() if callable(what) else what}"
        time.sleep(0.01)
