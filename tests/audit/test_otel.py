"""Events as spans of OpenTelemetry, with its own SDK."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import StatusCode

import cfacl
from cfacl.audit.otel import Spans


@pytest.fixture
def exported() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exported: InMemorySpanExporter) -> TracerProvider:
    made = TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(exported))
    return made


def last(exported: InMemorySpanExporter) -> ReadableSpan:
    return exported.get_finished_spans()[-1]


def test_a_denial_is_a_span_with_what_was_decided(
    shop: Callable[..., Any], provider: TracerProvider, exported: InMemorySpanExporter
) -> None:
    denied = shop(Spans(provider)).refused()
    span = last(exported)
    assert span.name == "cfacl.decision"
    assert dict(span.attributes or {}) == {
        "db.operation.name": "row",
        "db.collection.name": "account",
        "enduser.id": "maya",
        "cfacl.allowed": False,
        "cfacl.purpose": "support",
        "cfacl.actions": ("read",),
        "cfacl.families": ("read:id",),
        "cfacl.withheld": (),
        "cfacl.epoch": denied.epoch,
        "cfacl.reason": "not_granted",
        "cfacl.decision": denied.decision,
    }
    assert span.status.status_code is StatusCode.UNSET


def test_a_session_that_is_refused_is_one_without_a_table(
    shop: Callable[..., Any], provider: TracerProvider, exported: InMemorySpanExporter
) -> None:
    spans = Spans(provider)
    serving = shop(spans)
    with pytest.raises(cfacl.AccessDenied) as denied:
        serving.account("nobody")
    said = dict(last(exported).attributes or {})
    assert (said["enduser.id"], said["cfacl.reason"], said["cfacl.decision"]) == (
        "nobody",
        "unknown_principal",
        denied.value.decision,
    )
    assert "db.collection.name" not in said
    assert spans.failures == 0


def test_it_lies_below_the_span_of_whoever_asked(
    shop: Callable[..., Any], provider: TracerProvider, exported: InMemorySpanExporter
) -> None:
    spans = Spans(provider)
    serving = shop(spans)
    with provider.get_tracer("service").start_as_current_span("GET /account") as around:
        serving.read()
    inner = exported.get_finished_spans()[-2]
    assert (inner.name, inner.parent) == ("cfacl.decision", around.get_span_context())
    assert spans.failures == 0


def test_a_decision_that_broke_is_an_error(
    denial: Callable[..., cfacl.Event], provider: TracerProvider, exported: InMemorySpanExporter
) -> None:
    Spans(provider)(denial(reason="failed"))
    assert last(exported).status.status_code is StatusCode.ERROR
    assert (last(exported).attributes or {})["error.type"] == "failed"


def test_names_are_as_the_conventions_have_them(
    denial: Callable[..., cfacl.Event], provider: TracerProvider, exported: InMemorySpanExporter
) -> None:
    Spans(provider)(denial(reason="failed"))
    names = list(last(exported).attributes or {})
    assert all(re.fullmatch(r"[a-z][a-z_]*(\.[a-z_]+)+", each) for each in names)
    assert {each for each in names if not each.startswith("cfacl.")} == {
        "db.collection.name",
        "db.operation.name",
        "enduser.id",
        "error.type",
    }


def test_it_holds_no_key_and_no_value(
    shop: Callable[..., Any], provider: TracerProvider, exported: InMemorySpanExporter
) -> None:
    serving = shop(Spans(provider))
    serving.read()
    serving.refused()
    serving.removed()
    spans = exported.get_finished_spans()
    assert len(spans) == 4
    assert "canary" not in "".join(each.to_json() for each in spans)


def test_a_sampler_sees_what_was_decided(denial: Callable[..., cfacl.Event], exported: InMemorySpanExporter) -> None:
    class Denials(Sampler):
        def should_sample(
            self, parent_context: Any, trace_id: Any, name: Any, *rest: Any, **more: Any
        ) -> SamplingResult:
            attributes = more.get("attributes") or next(each for each in rest if isinstance(each, dict))
            keep = not attributes["cfacl.allowed"]
            return SamplingResult(Decision.RECORD_AND_SAMPLE if keep else Decision.DROP, attributes)

        def get_description(self) -> str:
            return "denials"

    provider = TracerProvider(sampler=Denials())
    provider.add_span_processor(SimpleSpanProcessor(exported))
    spans = Spans(provider)
    spans(denial(allowed=True, reason=None, decision=None))
    spans(denial())
    assert [(each.attributes or {})["cfacl.allowed"] for each in exported.get_finished_spans()] == [False]
    assert spans.failures == 0


def test_a_sampler_that_breaks_stops_no_request(shop: Callable[..., Any]) -> None:
    class Broken(Sampler):
        def should_sample(self, *said: Any, **more: Any) -> SamplingResult:
            raise OSError

        def get_description(self) -> str:
            return "broken"

    spans = Spans(TracerProvider(sampler=Broken()))
    shop(spans).read()
    assert spans.failures == 2


def test_without_a_provider_it_makes_spans_of_the_global_one(denial: Callable[..., cfacl.Event]) -> None:
    spans = Spans()  # which is none here, and makes spans that record nothing
    spans(denial())
    assert spans.failures == 0
