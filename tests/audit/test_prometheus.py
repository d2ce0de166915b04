"""Events and statistics as metrics, with Prometheus's own client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

import cfacl
from cfacl.audit.prometheus import Decisions, Statistics
from cfacl.unchecked import unguarded_store


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def scraped(registry: CollectorRegistry) -> Iterator[Metric]:
    """What Prometheus would read."""
    return iter([*text_string_to_metric_families(generate_latest(registry).decode())])


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(each.labels[label] for label in sorted(each.labels)): each.value
        for metric in scraped(registry)
        for each in metric.samples
        if each.name == name
    }


# ----------------------------------------------------------------------------------------------------------- decisions


def test_decisions_are_counted_by_table_action_and_outcome(
    shop: Callable[..., Any], registry: CollectorRegistry
) -> None:
    decisions = Decisions(registry)
    serving = shop(decisions)
    for _ in range(3):
        serving.read()
    serving.refused()
    assert samples(registry, "cfacl_decisions_total") == {
        ("write", "allowed", "account"): 1,
        ("read", "allowed", "account"): 3,
        ("read", "denied", "account"): 1,
    }
    assert decisions.failures == 0


def test_a_request_of_two_actions_counts_for_both(
    denial: Callable[..., cfacl.Event], registry: CollectorRegistry
) -> None:
    both = {"read": frozenset({"id"}), "write": frozenset({"id", "prof"})}
    Decisions(registry)(denial(request="counter_inc", access=both))
    assert samples(registry, "cfacl_decisions_total") == {
        ("read", "denied", "account"): 1,
        ("write", "denied", "account"): 1,
    }


def test_a_way_around_the_guard_counts_without_a_table_and_as_allowed(
    shop: Callable[..., Any], registry: CollectorRegistry
) -> None:
    unguarded_store(shop(Decisions(registry)).db, operator="ops", reason="ticket 7")
    assert samples(registry, "cfacl_decisions_total") == {("write", "allowed", "account"): 1, ("", "allowed", ""): 1}


def test_what_is_counted_is_said(shop: Callable[..., Any], registry: CollectorRegistry) -> None:
    """A check that is allowed tells of nothing, one that is denied does."""
    serving = shop(Decisions(registry))
    with serving.db.session("maya", purpose="support") as session, pytest.raises(cfacl.AccessDenied):
        session.require("read", "account", "prof")
        session.require("read", "account", "id")
    (metric,) = [each for each in scraped(registry) if each.name == "cfacl_decisions"]
    assert metric.documentation == "Requests for data that were decided, and denials of whatever else was asked."
    assert samples(registry, "cfacl_decisions_total") == {
        ("write", "allowed", "account"): 1,
        ("read", "denied", "account"): 1,
    }


def test_a_session_that_is_refused_counts_without_a_table(
    shop: Callable[..., Any], registry: CollectorRegistry
) -> None:
    decisions = Decisions(registry)
    serving = shop(decisions)
    for name in ("nobody", "somebody"):
        with pytest.raises(cfacl.AccessDenied):
            serving.account(name)
    assert samples(registry, "cfacl_decisions_total") == {("write", "allowed", "account"): 1, ("", "denied", ""): 2}
    assert decisions.failures == 0


def test_there_are_no_more_series_whoever_asks_and_whatever_for(
    denial: Callable[..., cfacl.Event], registry: CollectorRegistry
) -> None:
    decisions = Decisions(registry)
    for number in range(1_000):
        decisions(
            denial(
                principal=f"p{number}",
                purpose=f"u{number}",
                request=f"r{number}",
                decision=f"{number}",
                epoch=number,
                access={"read": frozenset({f"f{number}"})},
            )
        )
    assert samples(registry, "cfacl_decisions_total") == {("read", "denied", "account"): 1_000}


def test_a_registry_that_breaks_stops_no_request(
    shop: Callable[..., Any], registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the files are full that several processes keep their counters in."""
    decisions = Decisions(registry)

    def full(*labels: str) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(decisions._decisions, "labels", full)
    shop(decisions).read()
    assert decisions.failures == 2


# ---------------------------------------------------------------------------------------------------------- statistics


def test_every_figure_is_said_once(shop: Callable[..., Any], registry: CollectorRegistry) -> None:
    serving = shop()
    registry.register(Statistics(serving.db))
    serving.refused()
    serving.refused()
    with pytest.raises(cfacl.AccessDenied):
        serving.account("nobody")
    stats = serving.db.stats()
    assert samples(registry, "cfacl_info") == {("shop", "memory"): 1}
    assert samples(registry, "cfacl_up") == {(): 1}
    assert samples(registry, "cfacl_denials_total") == {
        ("not_granted",): 2,
        ("unknown_principal",): 1,
        ("removed_principal",): 0,
        ("failed",): 0,
    }
    said = {each.name: each.value for metric in scraped(registry) for each in metric.samples if not each.labels}
    counters = {"sweeps", "sweeps_failed", "values_swept"}
    assert said == {"cfacl_up": 1} | {
        f"cfacl_{name}_total" if name in counters else f"cfacl_{name}": value
        for name, value in stats.items()
        if isinstance(value, int) and not name.startswith("denied_")
    }


def test_what_only_grows_is_a_counter(shop: Callable[..., Any], registry: CollectorRegistry) -> None:
    registry.register(Statistics(shop().db))
    kinds = {each.name: each.type for each in scraped(registry)}
    assert kinds["cfacl_sweeps"] == kinds["cfacl_denials"] == "counter"
    assert kinds["cfacl_families"] == kinds["cfacl_memo_plans"] == "gauge"


def test_of_rocksdb_too(tmp_path: Any, shop: Callable[..., Any], registry: CollectorRegistry) -> None:
    with cfacl.connect(tmp_path / "store", policy=shop().db.policy) as db:
        registry.register(Statistics(db))
        kinds = {each.name: each.type for each in scraped(registry)}
        assert kinds["cfacl_calls_failed"] == "counter"
        assert kinds["cfacl_disk_bytes"] == "gauge"


def test_a_scrape_of_a_closed_database_says_that_it_is_down(
    shop: Callable[..., Any], registry: CollectorRegistry
) -> None:
    serving = shop()
    registry.register(Statistics(serving.db))
    serving.db.close()
    assert [(each.name, each.samples[0].value) for each in scraped(registry)] == [("cfacl_up", 0)]


def test_a_store_that_cannot_tell_is_down(registry: CollectorRegistry) -> None:
    class Down:
        def stats(self) -> dict[str, int | str]:
            raise cfacl.StoreUnavailable("no answer")

    registry.register(Statistics(Down()))
    assert samples(registry, "cfacl_up") == {(): 0}


def test_what_the_machine_does_not_tell_is_left_out(registry: CollectorRegistry) -> None:
    class Told:
        def stats(self) -> dict[str, int | str]:
            return {"policy": "shop", "store": "rocksdb", "descriptors_open": "unknown", "descriptors_limit": 1024}

    registry.register(Statistics(Told()))
    said = {each.name for metric in scraped(registry) for each in metric.samples}
    assert said == {"cfacl_up", "cfacl_descriptors_limit", "cfacl_info"}
    assert samples(registry, "cfacl_info") == {("shop", "rocksdb"): 1}


def test_of_two_databases_in_one_registry_the_second_is_refused(
    shop: Callable[..., Any], registry: CollectorRegistry
) -> None:
    first, second = Statistics(shop().db), Statistics(shop().db)
    registry.register(first)
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(second)
    assert samples(registry, "cfacl_up") == {(): 1}
    registry.unregister(first)
    registry.register(second)
    assert samples(registry, "cfacl_up") == {(): 1}


def test_two_that_count_decisions_are_refused_too(registry: CollectorRegistry) -> None:
    Decisions(registry)
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        Decisions(registry)


def test_nothing_is_asked_before_the_first_scrape(registry: CollectorRegistry) -> None:
    class Asked:
        asked = 0

        def stats(self) -> dict[str, int | str]:
            self.asked += 1
            return {"policy": "shop", "store": "memory"}

    database = Asked()
    registry.register(Statistics(database))
    assert database.asked == 0
    assert samples(registry, "cfacl_info") == {("shop", "memory"): 1}
    assert database.asked == 1
