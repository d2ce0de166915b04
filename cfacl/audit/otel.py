"""Events as spans of OpenTelemetry.  Needs the extra `otel`.

::

    db = cfacl.connect("rocksdb:///srv/home", policy="home.toml", on_event=Spans())
"""

from __future__ import annotations

from typing import Final

from opentelemetry import trace
from opentelemetry.trace import StatusCode, TracerProvider

from cfacl.audit.event import Event
from cfacl.audit.watcher import Watcher, shown

__all__ = ["Spans"]

#: What OpenTelemetry's conventions have a name for.
_CONVENTIONS: Final = {
    "table": "db.collection.name",
    "request": "db.operation.name",
    "principal": "enduser.id",
}


class Spans(Watcher):
    """Makes a span ``cfacl.decision`` for each event, below the span of whoever asked.

    It says what was decided, at the moment at which it was; how long the store took is for the span around it.  A denial
    is no error of the program, and leaves the status unset; a decision that broke sets it to `ERROR`.  Attributes are as
    docs/observability.md lists them, without a row key or a value.

    Args:
        provider: whose tracer makes the spans; left out, the global one.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        super().__init__()
        self._tracer = trace.get_tracer("cfacl", tracer_provider=provider)

    def show(self, event: Event) -> None:
        """Make a span, and end it."""
        attributes = {_CONVENTIONS.get(name, f"cfacl.{name}"): value for name, value in shown(event).items()}
        failed = event.reason == "failed"
        if failed:
            attributes["error.type"] = "failed"
        # With all of them at its start, so that samplers see them.
        span = self._tracer.start_span("cfacl.decision", attributes=attributes)
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end()
