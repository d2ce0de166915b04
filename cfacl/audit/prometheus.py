"""Events as counters of Prometheus, and what `Database.stats` says as its metrics.  Needs the extra `prometheus`.

::

    db = cfacl.connect("rocksdb:///srv/home", policy="home.toml", on_event=Decisions())
    prometheus_client.REGISTRY.register(Statistics(db))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from prometheus_client import REGISTRY, CollectorRegistry, Counter
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from cfacl.audit.event import Event
from cfacl.audit.watcher import Watcher
from cfacl.errors import CfaclError

__all__ = ["Decisions", "Statistics"]

#: What only grows while a database is open; all other numbers come and go.
_COUNTERS: Final = {
    "background_errors",
    "calls_failed",
    "connections_discarded",
    "connections_opened",
    "sessions_opened",
    "sweeps",
    "sweeps_failed",
    "values_swept",
}
#: What says which database it is.
_WORDS: Final = ("policy", "store")


class Decisions(Watcher):
    """Counts events as ``cfacl_decisions_total``, by table, action and outcome (``allowed`` or ``denied``).

    It counts requests for data, and denials of whatever else was asked; what `require` and `session` allow it does not
    count, for they tell of nothing then.  A request that takes two actions counts for both.  Where a denial names no table or
    no action, that label is empty; where both are, and the outcome is ``allowed``, somebody went around the guard.  Labels
    are names of the policy, and never who asks: (tables + 1) × (actions + 1) × 2 series are the most there can be.

    Args:
        registry: left out, the client's own.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        super().__init__()
        self._decisions = Counter(
            "cfacl_decisions",
            "Requests for data that were decided, and denials of whatever else was asked.",
            ["table", "action", "outcome"],
            registry=registry,
        )

    def show(self, event: Event) -> None:
        """Count an event."""
        outcome = "allowed" if event.allowed else "denied"
        for action in event.access or ("",):
            self._decisions.labels(event.table or "", action, outcome).inc()


class _Told(Protocol):
    def stats(self) -> Mapping[str, int | str]: ...


class Statistics(Collector):
    """Says at each scrape what `Database.stats` says: numbers as ``cfacl_…``, words as labels of ``cfacl_info``.

    ``cfacl_up`` is 0, and nothing else is said, where the store cannot tell, or the database is closed.  Of several
    databases in a process each needs a registry of its own: the second in one is refused with `ValueError`.
    ``registry.unregister`` takes one out, of a database that was closed, say.

    Args:
        database: whose figures they are.
    """

    def __init__(self, database: _Told) -> None:
        self._database = database

    def describe(self) -> Iterable[Metric]:
        """Return what there is of every store, so that a second in a registry is refused; none is asked before a scrape."""
        return [_up()]

    def collect(self) -> Iterator[Metric]:
        """Ask the database, and yield what it says."""
        try:
            figures = self._database.stats()
        except CfaclError:
            figures = {}
        yield _up(bool(figures))
        for name, value in figures.items():
            if isinstance(value, str):
                continue  # a name, or a number that the machine does not tell
            if name in _COUNTERS:
                yield CounterMetricFamily(f"cfacl_{name}", f"`{name}` of `Database.stats`.", value=value)
            elif not name.startswith("denied_"):
                yield GaugeMetricFamily(f"cfacl_{name}", f"`{name}` of `Database.stats`.", value=value)
        if figures:
            words = {name: str(figures[name]) for name in _WORDS}
            yield InfoMetricFamily("cfacl", "Which database it is.", value=words)
            yield _denials(figures)


def _up(value: float | None = None) -> Metric:
    return GaugeMetricFamily("cfacl_up", "Whether the database could tell of itself.", value=value)


def _denials(figures: Mapping[str, int | str]) -> Metric:
    denials = CounterMetricFamily("cfacl_denials", "Requests that were denied, by reason.", labels=["reason"])
    for name, value in figures.items():
        if name.startswith("denied_") and isinstance(value, int):
            denials.add_metric([name.removeprefix("denied_")], value)
    return denials
